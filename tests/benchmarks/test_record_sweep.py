"""A sweep's trials are read from their folders, the best first."""

from __future__ import annotations

import json
from pathlib import Path

from record_sweep import against, trials


def finished(folder: Path, accuracy: float, *overrides: str) -> None:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra/overrides.yaml").write_text("".join(f"- {text}\n" for text in overrides))
    figure = {"value": accuracy, "low": 0.0, "high": 1.0, "n": 10}
    (folder / "evaluation.json").write_text(json.dumps({"grpo": {"suite_accuracy": figure}}))
    steps = [{"stage": "grpo", "loss": 0.1}, {"stage": "grpo", "loss": 0.2}, {"stage": "grpo"}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in steps))


def test_trials_come_with_what_they_were_given_and_what_they_reached(tmp_path: Path) -> None:
    finished(tmp_path / "0", 0.5, "training.learning_rate=1e-4", "verifier=binary", "data=jsonl")
    finished(tmp_path / "1", 0.7, "training.learning_rate=2e-4", "verifier=arctic", "data=jsonl")
    (tmp_path / "2" / ".hydra").mkdir(parents=True)  # was stopped

    best, second = trials(tmp_path)

    assert best["trial"] == 1
    assert best["given"] == {"training.learning_rate": "2e-4", "verifier": "arctic"}
    assert best["steps"] == 2
    assert second["suite_accuracy"]["value"] == 0.5
    assert second["given"] == {"training.learning_rate": "1e-4", "verifier": "binary"}


def test_a_trial_is_compared_with_the_warm_start_question_by_question(tmp_path: Path) -> None:
    def answered(folder: Path, stage: str, **rewards: float) -> None:
        (folder / "completions").mkdir(parents=True, exist_ok=True)
        rows = [json.dumps({"id": key, "reward": value}) for key, value in rewards.items()]
        (folder / "completions" / f"evaluation-{stage}.jsonl").write_text("\n".join(rows))

    answered(tmp_path / "start", "warm_start", a=1.0, b=0.1, c=1.0, d=1.0)
    answered(tmp_path / "sweep" / "0", "grpo", a=1.0, b=1.0, c=0.0)
    found = [{"trial": 0}]

    before = against(tmp_path / "start", tmp_path / "sweep", found)

    assert before == {"suite_accuracy": 2 / 3, "n": 3}
    assert found == [{"trial": 0, "gained": 1, "lost": 1, "p": 1.0}]
