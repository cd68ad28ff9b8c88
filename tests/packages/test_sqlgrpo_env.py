"""The package for Prime Intellect's ``verifiers``, offline, and their tasks as ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.evaluation.chat_server import serving

pytest.importorskip("verifiers.v1")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCHEMA = "CREATE TABLE city (name TEXT, people INTEGER)"
GOLDS = {
    "How many cities are there?": "SELECT COUNT(*) FROM city",
    "Which cities are there?": "SELECT name FROM city",
}


@pytest.fixture
def overrides(tmp_path) -> str:
    rows = [{"question": q, "context": SCHEMA, "answer": gold} for q, gold in GOLDS.items()]
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    settings = [
        "data=jsonl",
        f"data.path={file}",
        "environment=multi_turn",
        "environment.turns.rows=0",
        "verifier.suite.workers=1",
        "verifier.suite.cache_dir=null",
    ]
    return " ".join(settings)


def command(name: str, folder: Path, overrides: str, *more: str) -> str:
    """Run one of the console scripts of ``verifiers`` where no network is reachable."""
    paths = [str(ROOT / "src"), str(ROOT / "packages" / "sqlgrpo_env")]
    taskset = "--taskset" if name == "vf-validate" else "--env.taskset"
    settings = [f"{taskset}.split=all", f"{taskset}.task.overrides={overrides}"]
    blocked = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [str(Path(sys.executable).parent / name), "sqlgrpo_env", *settings, *more],
        cwd=folder,
        env=os.environ | blocked | {"no_proxy": "127.0.0.1", "PYTHONPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_vf_eval_scores_a_server_in_two_turns_with_our_rubric(tmp_path, overrides):
    def clumsy(messages):
        gold = next(sql for q, sql in GOLDS.items() if messages[1]["content"].endswith(q))
        return gold.replace("city", "town") if len(messages) == 2 else gold

    with serving(clumsy) as chat:
        command(
            "vf-eval",
            tmp_path,
            overrides,
            *("--model", "m", "--client.base-url", chat.url, "--client.api-key-var", "NO_KEY"),
            *("--no-push", "--no-rich", "-o", "outputs", "--run.name", "one"),
        )
    (file,) = tmp_path.rglob("traces.jsonl")
    traces = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(traces) == 2
    for line in file.read_text().splitlines():
        assert '"fixed_at_turn_2":1.0' in line.replace(" ", "")
        assert "no such table: town" in line


def test_vf_validate_finds_every_gold_right(tmp_path, overrides):
    local = ("--runtime.type", "subprocess", "--no-rich", "-o", "outputs")
    told = command("vf-validate", tmp_path, overrides, *local)
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
