from __future__ import annotations

import json
import math
import sys
from types import SimpleNamespace

from tests.training.fast_case import trainer
from transformers import TrainerState
from transformers.integrations import WandbCallback
from trl import GRPOTrainer

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
