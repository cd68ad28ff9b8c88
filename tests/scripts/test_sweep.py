"""A sweep with the real trainer on a tiny random model, stopped after its first trial."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from omegaconf import OmegaConf
from tests.training.test_train import SMALL

from sqlgrpo.settings import CONFIGS
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.training.summary import validated

SCRIPT = CONFIGS.parent / "scripts" / "train.py"
SHORT = [word for word in SMALL if not word.startswith(("experiment", "training.num_generations"))]


def test_a_trial_is_compared_by_its_best_validation(tmp_path):
    run = RunFolder(tmp_path)
    for accuracy in (0.25, 0.75, 0.5):
        run.append_metrics({"stage": "grpo", "validation_suite_accuracy": accuracy})
        run.append_metrics({"stage": "grpo", "loss": 1.0})
    assert validated(run) == 0.75


@pytest.mark.slow
def test_a_sweep_that_was_stopped_goes_on_after_its_last_finished_trial(tmp_path):
    def sweep(trials):
        more = [f"hydra.sweeper.n_trials={trials}", "training.num_generations=choice(2,4)"]
        command = [sys.executable, SCRIPT, "--multirun", "experiment=sweep", *SHORT, *more]
        environment = os.environ | {"OUTPUT_DIR": str(tmp_path)}
        subprocess.run(command, check=True, env=environment, capture_output=True)

    sweep(1)
    first = tmp_path / "sweep" / "0" / "evaluation.json"
    measured = first.stat().st_mtime_ns
    assert list(json.loads(first.read_text())) == ["grpo"]
    sweep(2)
    assert first.stat().st_mtime_ns == measured
    assert (tmp_path / "sweep" / "1" / "evaluation.json").is_file()
    assert (tmp_path / "sweep" / "1" / ".hydra" / "overrides.yaml").is_file()
    scores = [validated(RunFolder(tmp_path / "sweep" / trial)) for trial in ("0", "1")]
    best = OmegaConf.load(tmp_path / "sweep" / "optimization_results.yaml")
    assert best.best_value == max(scores)
    assert set(best.best_params) == {
        "training.learning_rate",
        "training.temperature",
        "training.num_generations",
        "verifier",
    }
