"""The whole flow with the real SFTTrainer and GRPOTrainer, on a tiny random model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from sqlgrpo.config import Config
from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.settings import read
from sqlgrpo.training.grpo import Job, train

SMALL = [
    "experiment=quickstart",
    "model=tiny",
    "training.batch_size=2",
    "training.micro_batch_groups=2",
    # A random model earns nothing, so nothing but an entropy bonus would move its weights.
    "+training.trl.entropy_coef=0.1",
    "training.num_generations=4",
    "training.max_steps=4",
    "training.eval_every=2",
    "training.max_completion_tokens=8",
    "training.warm_start.examples=16",
    "training.autocast=null",
    "data.size=200",
    "data.validation=4",
    "data.test=8",
    "evaluation.max_new_tokens=8",
    "verifier.suite.cache_dir=null",
]
QUIET = Console(quiet=True)


def run(folder: Path, *more: str):
    return train(read([*SMALL, f"output_dir={folder}", *more], kind=Config), QUIET)


def moved(finished, folder: Path) -> Path:
    """A copy of a run that may be continued where it is."""
    shutil.copytree(finished.root, folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace(str(finished.root), str(folder)))
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(tmp_path_factory.mktemp("outputs") / "tiny")


def test_every_stage_is_measured_with_intervals(finished):
    stages = read_stages(finished.evaluation)
    assert list(stages) == ["base", "warm_start", "grpo"]
    accuracy = stages["grpo"]["suite_accuracy"]
    assert accuracy.n == 8
    assert accuracy.low <= accuracy.value <= accuracy.high


def test_the_run_folder_holds_what_people_look_for(finished):
    names = {path.name for path in finished.root.iterdir()}
    assert {
        "config.yaml",
        "metrics.jsonl",
        "completions",
        "checkpoint-best",
        "checkpoint-4",
        "audit.json",
        "evaluation.json",
        "report.html",
    } <= names


def test_each_verifier_of_the_rubric_is_logged_under_its_name(finished):
    rows = [json.loads(line) for line in finished.metrics.read_text().splitlines()]
    steps = [row for row in rows if row["stage"] == "grpo" and "reward" in row]
    assert len(steps) == 4
    for row in steps:
        shares = [row[f"rewards/{name}/mean"] for name in ("equivalent", "structure")]
        assert sum(shares) == pytest.approx(row["reward"])


def test_each_step_says_where_its_time_goes_and_how_honest_its_reward_was(finished):
    rows = [json.loads(line) for line in finished.metrics.read_text().splitlines()]
    for row in (row for row in rows if row["stage"] == "grpo" and "reward" in row):
        parts = sum(row[f"time/{part}_s"] for part in ("generate", "verify", "train", "other"))
        assert row["time/step_s"] == pytest.approx(parts)
        assert 0.0 <= row["hack/reward_without_equivalence"] <= 1.0


def test_what_grpo_starts_from_is_the_first_candidate_for_the_best(finished):
    rows = [json.loads(line) for line in finished.metrics.read_text().splitlines()]
    assert [r["step"] for r in rows if "validation_suite_accuracy" in r] == [0, 2, 4]


def test_grpo_moves_the_adapter_that_the_warm_start_left(finished):
    before = load_file(finished.warm_start / "adapter_model.safetensors")
    after = load_file(finished.root / "checkpoint-4" / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    assert any((before[name] != after[name]).any() for name in before)


def test_a_finished_run_is_not_trained_again(finished):
    before = finished.evaluation.stat().st_mtime_ns
    run(finished.root)
    assert read_stages(finished.evaluation)
    assert finished.evaluation.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_run_killed_between_checkpoints_ends_with_the_same_weights(finished, tmp_path):
    folder = moved(finished, tmp_path / "killed")
    shutil.rmtree(folder / "checkpoint-4")
    shutil.rmtree(folder / "checkpoint-best")
    (folder / "evaluation.json").unlink()
    run(folder)
    resumed = load_file(folder / "checkpoint-4" / "adapter_model.safetensors")
    whole = load_file(finished.root / "checkpoint-4" / "adapter_model.safetensors")
    assert all((resumed[name] == whole[name]).all() for name in whole)


def test_a_run_killed_in_its_last_evaluation_is_trained_on_only_to_another_limit(
    finished, tmp_path
):
    killed = moved(finished, tmp_path / "killed")
    stages = json.loads((killed / "evaluation.json").read_text())
    del stages["grpo"]
    (killed / "evaluation.json").write_text(json.dumps(stages))
    before = (killed / "metrics.jsonl").read_text()
    again = run(killed)
    assert again.metrics.read_text() == before
    assert json.loads(again.evaluation.read_text()) == json.loads(finished.evaluation.read_text())
    (killed / "evaluation.json").write_text(json.dumps(stages))
    longer = run(killed, "training.max_steps=6")
    assert [path.name for path in longer.root.glob("checkpoint-6")]
    assert longer.metrics.read_text().startswith(before)


def test_stock_trl_and_the_fast_trainer_take_the_same_settings(tmp_path):
    options = ["training.fast=false", "evaluation.baselines=false"]
    finished = run(tmp_path / "stock", *options)
    assert list(read_stages(finished.evaluation)) == ["grpo"]
    assert (finished.root / "report.html").is_file()


def test_a_run_without_an_adapter_trains_all_weights(tmp_path):
    stages = read_stages(run(tmp_path / "full", "model.lora=false").evaluation)
    assert "grpo" in stages


def test_all_weights_are_held_to_those_of_the_warm_start_and_not_of_its_base(tmp_path, monkeypatch):
    """A resumed run has no other weights to be held to."""
    made, build = [], Job.trainer
    monkeypatch.setattr(Job, "trainer", lambda *given: made.append(build(*given)) or made[-1])
    folder = run(tmp_path / "run", "model.lora=false", "training.beta=0.1", "training.max_steps=1")
    reference = made[0].ref_model.state_dict()
    warm = load_file(folder.warm_start / "model.safetensors")
    assert len(warm) > 10
    assert all(torch.equal(weight, reference[name]) for name, weight in warm.items())
