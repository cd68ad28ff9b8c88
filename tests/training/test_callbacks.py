from __future__ import annotations

import json
import math

from tests.training.fast_case import trainer
from transformers.integrations import WandbCallback
from trl import GRPOTrainer

from sqlgrpo.training.callbacks import Clock, Metrics, trackers_last
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
