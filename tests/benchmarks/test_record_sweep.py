"""A sweep's trials are read from their folders, the best first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from record_sweep import trials

STEPS = [{"stage": "grpo", "loss": 0.1}, {"stage": "grpo", "loss": 0.2}, {"stage": "grpo"}]


def answered(folder: Path, stage: str, **rewards: float) -> None:
    (folder / "completions").mkdir(parents=True)
    rows = [json.dumps({"id": key, "reward": value}) for key, value in rewards.items()]
    (folder / "completions" / f"evaluation-{stage}.jsonl").write_text("\n".join(rows))


def finished(folder: Path, accuracy: float, *overrides: str, **rewards: float) -> None:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra/overrides.yaml").write_text("".join(f"- {text}\n" for text in overrides))
    figure = {"value": 1.0 - accuracy, "low": 0.0, "high": 1.0, "n": 10}  # chooses nothing
    steps = [*STEPS, {"stage": "grpo", "validation_suite_accuracy": accuracy}]
    (folder / "evaluation.json").write_text(json.dumps({"grpo": {"suite_accuracy": figure}}))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in steps))
    answered(folder, "grpo", **rewards)


def test_trials_come_with_what_they_were_given_and_what_they_reached(tmp_path: Path) -> None:
    answered(tmp_path / "start", "warm_start", a=1.0, b=0.1, c=1.0, d=1.0)
    sweep, shared = tmp_path / "sweep", "data=jsonl"
    finished(sweep / "0", 0.5, "training.learning_rate=1e-4", "verifier=binary", shared, a=1.0)
    finished(sweep / "1", 0.7, "training.learning_rate=2e-4", "verifier=arctic", shared, b=1, c=0)
    (sweep / "2" / ".hydra").mkdir(parents=True)  # was stopped

    best, second = trials(sweep, tmp_path / "start")

    assert (best["trial"], best["validation"]) == (1, 0.7)
    assert best["given"] == {"training.learning_rate": "2e-4", "verifier": "arctic"}
    assert best["steps"] == 2
    assert (best["warm_start"], best["gained"], best["lost"], best["p"]) == (0.5, 1, 1, 1.0)
    assert second["suite_accuracy"]["value"] == 0.5
    assert second["given"] == {"training.learning_rate": "1e-4", "verifier": "binary"}
    assert (second["warm_start"], second["gained"], second["lost"]) == (1.0, 0, 0)


def test_a_start_that_answered_other_questions_is_refused(tmp_path: Path) -> None:
    answered(tmp_path / "start", "warm_start", a=1.0)
    finished(tmp_path / "sweep" / "0", 0.5, "verifier=binary", b=1.0)
    with pytest.raises(SystemExit, match="--start did not answer"):
        trials(tmp_path / "sweep", tmp_path / "start")


def test_a_sweep_without_a_finished_trial_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="sweep has no finished trial"):
        trials(tmp_path / "sweep", tmp_path / "start")
