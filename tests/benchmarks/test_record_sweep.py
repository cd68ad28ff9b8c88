"""A sweep's trials are read from their folders, the best first."""

from __future__ import annotations

import json
from pathlib import Path

from record_sweep import trials


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
