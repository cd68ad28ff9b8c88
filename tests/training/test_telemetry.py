"""Planted completions, judged and judged again, in the real GRPOTrainer."""

from __future__ import annotations

import json

import pandas
import pytest
import torch
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from sqlgrpo.config import Config, TelemetryConfig
from sqlgrpo.databases import Judge
from sqlgrpo.environments import build_environment
from sqlgrpo.models import load_model, load_tokenizer
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.training.rewards import verifier_rewards
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.training.telemetry import Telemetry
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="1",
    question="What are the names of the cities?",
    schema="CREATE TABLE city (name TEXT, population INTEGER)",
    gold_sql="SELECT name FROM city",
)
RIGHT, UNPROVEN, WRONG, NOTHING = ANSWERS = [
    "SELECT name FROM city",
    "SELECT DISTINCT name FROM city",  # wrong, but on one row there is nothing to tell them apart
    "SELECT COUNT(*) FROM city",
    "I do not know.",
]
WEAK = ["databases=1", "rows=1", "candidates=1", "own_databases=0"]


def config(folder, *more):
    weak = [f"verifier.suite.{limit}" for limit in WEAK]
    settings = ["data=builtin", "model=tiny", "verifier.suite.cache_dir=null", *weak, *more]
    return read([*settings, f"output_dir={folder}"], kind=Config)


@pytest.fixture
def environment(tmp_path):
    made = config(tmp_path)
    built = build_environment(made.environment, build_rubric(made.verifier))
    yield built
    built.rubric.judge.close()


def telemetry(environment, folder, **options) -> Telemetry:
    """The judge of the rewards is weak here; the second one is as it should be."""
    return Telemetry(
        judge=environment.rubric.judge,
        second=Judge(),
        config=TelemetryConfig(**options),
        run=RunFolder(folder),
        seed=1,
    )


def answered(prompts, trainer):
    """What TRL calls instead of sampling: each group gives the four answers."""
    tokenizer = trainer.processing_class
    texts = [ANSWERS[place % len(ANSWERS)] for place in range(len(prompts))]
    return {
        "prompt_ids": [tokenizer(prompt)["input_ids"] for prompt in prompts],
        "completion_ids": [[*tokenizer(t)["input_ids"], tokenizer.eos_token_id] for t in texts],
        "logprobs": None,
    }


def trained(kind, environment, folder, watched: Telemetry | None):
    made = config(folder)
    torch.manual_seed(0)
    trainer = kind(
        model=load_model(made.model),
        processing_class=load_tokenizer(made.model),
        reward_funcs=verifier_rewards(environment, [EXAMPLE], watched),
        train_dataset=Dataset.from_list([{"prompt": "Cities?", "example_id": "1"}] * 4),
        rollout_func=answered,
        args=GRPOConfig(
            output_dir=str(folder),
            num_generations=4,
            per_device_train_batch_size=8,
            max_steps=2,
            logging_steps=1,
            log_completions=True,
            num_completions_to_print=0,
            save_strategy="no",
            use_cpu=True,
            bf16=False,
            report_to=[],
            disable_tqdm=True,
            gradient_checkpointing=False,
        ),
    )
    trainer.train()
    return trainer


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("kind", [GRPOTrainer, FastGRPOTrainer])
def test_hacks_and_counterexamples_of_a_run_are_logged_and_written_down(
    tmp_path, environment, kind
):
    watched = telemetry(environment, tmp_path, recheck=8, explain=2)
    trainer = trained(kind, environment, tmp_path, watched)
    watched.close()
    steps = [row for row in trainer.state.log_history if "loss" in row]
    assert len(steps) == 2
    for row in steps:
        assert row["hack/rechecked"] == 4  # two groups, in each two that the weak judge accepts
        assert row["hack/second_seed_disagreement"] == 0.5
        assert 0.0 < row["hack/reward_without_equivalence"] < 0.1
        assert row["time/telemetry_s"] > 0.0
    hacks = lines(watched.run.hacks)
    assert {row["sql"] for row in hacks} == {UNPROVEN}
    assert {row["step"] for row in hacks} == {1, 2}
    assert len(hacks[0]["counterexample"]["inserts"]) == 2
    shown = lines(watched.run.counterexamples)
    assert [row["sql"] for row in shown] == [WRONG, WRONG]  # one distinct wrong query a step
    difference = shown[0]["counterexample"]
    assert difference["gold_rows"] != difference["pred_rows"]
    table = pandas.read_parquet(sorted((tmp_path / "completions").glob("*.parquet"))[0])
    written = table[table["counterexample"] != ""]
    assert list(written["sql"]) == [WRONG]
    assert json.loads(written["counterexample"].iloc[0]) == difference


def test_time_spent_looking_is_part_of_the_time_of_verification(tmp_path, environment):
    watched = telemetry(environment, tmp_path)
    trainer = trained(FastGRPOTrainer, environment, tmp_path, watched)
    watched.close()
    rows = [row for row in trainer.state.log_history if "loss" in row]
    for row in rows:
        parts = [row[f"time/{part}_s"] for part in ("generate", "verify", "train", "other")]
        assert sum(parts) == pytest.approx(row["time/step_s"])
        assert row["time/telemetry_s"] <= row["time/verify_s"]


def test_looking_changes_nothing(tmp_path, environment):
    watched = telemetry(environment, tmp_path)
    one = trained(FastGRPOTrainer, environment, tmp_path / "a", watched)
    watched.close()
    other = trained(FastGRPOTrainer, environment, tmp_path / "b", None)
    for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert (a == b).all()


def test_zero_turns_a_check_off(tmp_path, environment):
    watched = telemetry(environment, tmp_path, recheck=0, explain=0)
    scores = environment.score_batch(ANSWERS, [EXAMPLE] * 4)
    figures, column = watched.look([EXAMPLE] * 4, scores, step=1)
    assert "hack/second_seed_disagreement" not in figures
    assert column == [""] * 4
    assert not watched.run.hacks.exists()
    assert not watched.run.counterexamples.exists()


def test_the_share_of_reward_without_equivalence_is_a_share_of_the_reward(tmp_path, environment):
    watched = telemetry(environment, tmp_path, recheck=0, explain=0)
    scores = environment.score_batch([RIGHT, WRONG], [EXAMPLE] * 2)
    figures, _ = watched.look([EXAMPLE] * 2, scores, step=1)
    paid = [score.reward for score in scores]
    assert paid[1] > 0
    assert figures["hack/reward_without_equivalence"] == pytest.approx(paid[1] / sum(paid))
    nothing = environment.score_batch([NOTHING], [EXAMPLE])
    assert watched.look([EXAMPLE], nothing, step=1)[0]["hack/reward_without_equivalence"] == 0.0


def test_an_example_that_only_the_second_judge_cannot_read_ends_nothing(tmp_path, environment):
    watched = telemetry(environment, tmp_path)
    scores = environment.score_batch([UNPROVEN], [EXAMPLE])
    broken = Example(id="2", question="?", schema="CREATE TABLE (", gold_sql="SELECT")
    figures, column = watched.look([broken], scores, step=1)
    watched.close()
    assert figures["hack/reward_without_equivalence"] == 1.0
    assert column == [""]


def test_the_second_judge_has_other_databases(tmp_path):
    more = [f"verifier.suite.{limit}" for limit in ("databases=3", "rows=4", "candidates=8")]
    weak = config(tmp_path, *more).verifier
    made = Telemetry.of(config(tmp_path, *more), Judge(weak.compare), None)
    first = Judge(weak.compare, weak.limits, weak.suite)
    assert first.suite(EXAMPLE).contents != made.second.suite(EXAMPLE).contents
    first.close()
    made.close()
