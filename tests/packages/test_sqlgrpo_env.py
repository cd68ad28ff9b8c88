"""The package for Prime Intellect's ``verifiers``, offline, and their tasks as ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evaluation.chat_server import serving
from tests.packages.offline import command, data_file, overrides, vf_eval

GOLDS = {
    "How many cities are there?": "SELECT COUNT(*) FROM city",
    "Which cities are there?": "SELECT name FROM city",
}


@pytest.fixture
def data(tmp_path) -> Path:
    return data_file(tmp_path, GOLDS)


def test_vf_eval_scores_a_server_in_two_turns_with_our_rubric(tmp_path, data):
    def clumsy(messages):
        gold = next(sql for q, sql in GOLDS.items() if messages[1]["content"].endswith(q))
        return gold.replace("city", "town") if len(messages) == 2 else gold

    settings = overrides(data, "environment=multi_turn", "environment.turns.rows=0")
    with serving(clumsy) as chat:
        episodes = vf_eval(tmp_path, chat.url, settings)
    assert len(episodes) == 2
    for episode in episodes:
        (trace,) = episode["traces"]
        assert sum(reward["score"] for reward in trace["rewards"].values()) == 1.0
        assert trace["metrics"]["fixed_at_turn_2"] == 1.0
        assert "no such table: town" in trace["nodes"][-2]["message"]["content"]


def test_vf_validate_finds_every_gold_right(tmp_path, data):
    told = command(
        "vf-validate",
        tmp_path,
        *("--taskset.split=all", f"--taskset.task.overrides={overrides(data)}"),
        *("--runtime.type", "subprocess"),
    )
    assert '"valid": 2' in told


def test_any_v1_task_is_one_of_our_environments_and_trains_with_trl(tmp_path):
    import verifiers.v1 as vf
    from tests.training.fast_case import QUESTIONS, trainer
    from trl import GRPOTrainer

    from sqlgrpo.environments.prime_tasks import PrimeEnv
    from sqlgrpo.training.rewards import verifier_rewards

    class Count(vf.Task[vf.TaskData, vf.State, vf.TaskConfig]):
        @vf.reward(weight=0.5)
        async def words(self, trace: vf.Trace) -> float:
            return float(len(trace.last_reply.split()) % 2)

    tasks = [Count(vf.TaskData(id=str(n), prompt=q)) for n, q in enumerate(QUESTIONS)]
    environment = PrimeEnv.of(tasks)
    examples = environment.examples()
    scores = environment.score_batch(["one", "one two"], examples[:2])
    assert [score.reward for score in scores] == [0.5, 0.0]
    assert environment.contributions(scores[0]) == {"words": 0.5, "other": 0.0}

    rewards = verifier_rewards(environment, examples)
    rows = [{"prompt": example.question, "example_id": example.id} for example in examples]
    from datasets import Dataset

    built = trainer(GRPOTrainer, tmp_path, reward=rewards, max_steps=1)
    built.train_dataset = Dataset.from_list(rows)
    built.train()
    assert any("rewards/words/mean" in row for row in built.state.log_history)
