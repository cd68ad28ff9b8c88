from __future__ import annotations

import json
import math
import sys
from types import SimpleNamespace

import pytest
from tests.training.fast_case import trainer
from transformers import TrainerState
from transformers.integrations import WandbCallback
from trl import GRPOTrainer

from sqlgrpo.training import callbacks
from sqlgrpo.training.callbacks import Clock, KeepBest, Metrics, trackers_last
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.training.run_folder import RunFolder


def test_wandb_hears_figures_after_our_callbacks_have_corrected_them(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    extra = {"callbacks": [Clock(None)]}
    built = trainer(GRPOTrainer, tmp_path, extra=extra, report_to=["wandb"])
    trackers_last(built)
    names = [type(callback).__name__ for callback in built.callback_handler.callbacks]
    assert names.index(Clock.__name__) < names.index(WandbCallback.__name__)
    assert names.count(WandbCallback.__name__) == 1


def test_the_rate_of_every_step_rises_and_falls_and_is_there_before_the_backward_pass(tmp_path):
    """DeepSpeed takes its optimizer step inside the backward pass."""
    applied = []

    class Watched(FastGRPOTrainer):
        def training_step(self, *given):
            applied.append(self.optimizer.param_groups[0]["lr"])
            return super().training_step(*given)

    metrics = Metrics("grpo", RunFolder(tmp_path), lambda *_, **__: None)
    extra = {"callbacks": [Clock(None, warmup=0.4), metrics]}
    built = trainer(
        Watched, tmp_path, extra=extra, max_steps=5, learning_rate=1.0, lr_scheduler_type="constant"
    )
    built.train()
    expected = [0.5, 0.8, 0.6, 0.4, 0.2]  # twice, for two micro-batches
    assert applied[::2] == applied[1::2] == pytest.approx(expected)
    rows = map(json.loads, RunFolder(tmp_path).metrics.read_text().splitlines())
    logged = [row["learning_rate"] for row in rows if "learning_rate" in row]
    assert logged == pytest.approx(expected)


def test_the_clock_ends_a_run_with_a_checkpoint_and_counts_what_was_spent_before(
    tmp_path, monkeypatch
):
    now = 0.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now)

    def reward(completion_ids, **_):  # two batches a step, 20 seconds each
        nonlocal now
        now += 20.0
        return [float(ids[0] % 2) for ids in completion_ids]

    def started(minutes, resume=None):
        clock = Clock(minutes)
        options = {"max_steps": 50, "save_strategy": "steps", "save_steps": 50}
        built = trainer(
            FastGRPOTrainer,
            tmp_path,
            reward=reward,
            extra={"callbacks": [clock]},
            steps_per_generation=1,
            **options,
        )
        built.train(resume_from_checkpoint=resume)
        return built.state.global_step, clock

    step, clock = started(2.0)
    assert step == 3
    assert (tmp_path / "checkpoint-3").is_dir()
    step, clock = started(4.0, str(tmp_path / "checkpoint-3"))
    assert step == 6
    assert clock.spent_s == pytest.approx(240.0)


def test_a_run_without_trackers_has_none_to_move(tmp_path):
    built = trainer(GRPOTrainer, tmp_path)
    before = list(built.callback_handler.callbacks)
    trackers_last(built)
    assert built.callback_handler.callbacks == before


def test_figures_that_json_cannot_hold_are_written_as_null(tmp_path):
    def reward(completion_ids, **_):
        return [math.nan if ids[0] % 2 else 1.0 for ids in completion_ids]

    metrics = Metrics("grpo", RunFolder(tmp_path), lambda *_, **__: None)

    class Spoilt(GRPOTrainer):
        def _compute_loss(self, model, inputs):
            return super()._compute_loss(model, inputs) * math.nan

    options = {"reward": reward, "max_steps": 1, "logging_nan_inf_filter": False}
    trainer(Spoilt, tmp_path, extra={"callbacks": [metrics]}, **options).train()
    row = json.loads(RunFolder(tmp_path).metrics.read_text().splitlines()[0])
    assert row["loss"] is None


def test_validation_accuracy_is_charted_where_a_tracker_runs(tmp_path, monkeypatch):
    charted = []
    tracker = SimpleNamespace(run=None, log=charted.append)
    monkeypatch.setitem(sys.modules, "wandb", tracker)
    accuracies = iter([0.25, 0.5])
    kept = KeepBest(
        lambda: next(accuracies),
        lambda: None,
        RunFolder(tmp_path),
        every=1,
        report=lambda *_, **__: None,
    )
    kept.look(TrainerState(global_step=3))
    tracker.run = object()
    kept.look(TrainerState(global_step=4))
    assert charted == [{"validation/suite_accuracy": 0.5, "train/global_step": 4}]


def test_a_run_that_asks_for_no_measurement_before_its_end_keeps_its_last_weights(tmp_path):
    kept = []
    keep_best = KeepBest(
        lambda: 0.0,
        lambda: kept.append(built.state.global_step),
        RunFolder(tmp_path),
        every=2,
        report=lambda *_, **__: None,
    )
    built = trainer(FastGRPOTrainer, tmp_path, extra={"callbacks": [keep_best]}, max_steps=2)
    built.train()
    assert kept == [2]
