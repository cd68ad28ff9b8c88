"""What happens between optimizer steps: figures to file and screen, the clock, the best model."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any

from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations import WandbCallback
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import SaveStrategy

from sqlgrpo.progress import Report
from sqlgrpo.training import distributed
from sqlgrpo.training.run_folder import RunFolder

SHOWN = {"loss": "loss", "reward": "reward", "frac_reward_zero_std": "flat"}


def restored(callback: ExportableState, state: TrainerState) -> dict[str, Any]:
    """What the checkpoint that a run resumes from says of a callback (transformers would build a
    new callback, which could not have the objects that ours hold)."""
    stored = state.stateful_callbacks.get(type(callback).__name__, {})
    attributes: dict[str, Any] = stored.get("attributes", {}) if isinstance(stored, dict) else {}
    return attributes if state.global_step else {}


def finite(value: Any) -> Any:
    """The value, or ``None`` for a number that JSON cannot hold."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Metrics(TrainerCallback):
    """Append every logged figure to ``metrics.jsonl`` and show the main ones."""

    def __init__(self, stage: str, run: RunFolder, report: Report) -> None:
        self.stage, self.run, self.report = stage, run, report

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not state.is_world_process_zero or not logs:
            return
        row = {"stage": self.stage, "step": state.global_step, "time": round(time.time(), 3)}
        self.run.append_metrics(row | {name: finite(value) for name, value in logs.items()})
        shown = {SHOWN[key]: float(value) for key, value in logs.items() if key in SHOWN}
        self.report(state.global_step, **shown)


def chart(figures: dict[str, float], step: int) -> None:
    """Figures that no trainer logs, in the W&B run if there is one."""
    if tracker := _tracker():
        tracker.log({**figures, "train/global_step": step})


def close_chart() -> None:
    """End the W&B run, so that the next trial of a sweep starts its own."""
    if tracker := _tracker():
        tracker.finish()


def _tracker() -> Any:
    """The module of W&B while it has a run: whoever started that has imported it."""
    tracker = sys.modules.get("wandb")
    return tracker if tracker is not None and tracker.run is not None else None


def trackers_last(trainer: Trainer) -> None:
    """W&B hears the figures of a step after our callbacks, which correct the learning rate."""
    if (tracker := trainer.pop_callback(WandbCallback)) is not None:
        trainer.add_callback(tracker)


class Clock(TrainerCallback, ExportableState):
    """Stop after ``max_minutes`` of training, and let the learning rate fall by the same clock.

    The rate falls linearly to zero with whichever runs out first, steps or minutes, so that a slow
    machine ends with a finished schedule too. Time spent before a resume counts.
    """

    def __init__(self, max_minutes: float | None, warmup: float = 0.05, spent_s: float = 0.0):
        self.max_minutes, self.warmup, self.spent_s = max_minutes, warmup, spent_s
        self.rate = 0.0
        self.last_tick = time.monotonic()

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps (``trainer_state.json``)."""
        return {
            "args": {"max_minutes": self.max_minutes, "warmup": self.warmup},
            "attributes": {"spent_s": self.spent_s},
        }

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        self.last_tick = time.monotonic()
        self.spent_s = restored(self, state).get("spent_s", self.spent_s)

    def on_step_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        optimizer: Any = None,
        **_: Any,
    ) -> None:
        """Before the backward pass, in which DeepSpeed takes its step."""
        done = self.progress(state)
        rise = max(
            (state.global_step + 1) / max(1.0, self.warmup * state.max_steps), done / self.warmup
        )
        self.rate = args.learning_rate * min(1.0, rise) * (1.0 - done)
        for group in optimizer.param_groups:
            group["lr"] = self.rate

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """The trainer would log its own, constant, learning rate."""
        if logs and "learning_rate" in logs:
            logs["learning_rate"] = self.rate

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        if self.progress(state) >= 1.0:
            control.should_training_stop = True
            control.should_save |= args.save_strategy != SaveStrategy.NO

    def progress(self, state: TrainerState) -> float:
        """Share of the run that is over, by steps or by the clock, in [0, 1]."""
        now = time.monotonic()
        self.spent_s += now - self.last_tick
        self.last_tick = now
        by_steps = state.global_step / max(1, state.max_steps)
        by_clock = 0.0
        if self.max_minutes:  # clocks differ: every process goes by the main one's
            share = self.spent_s / (60 * self.max_minutes)
            by_clock = distributed.on_main(lambda: share)
        return min(1.0, max(by_steps, by_clock))


class KeepBest(TrainerCallback, ExportableState):
    """Measure validation suite accuracy every few steps and keep the best adapter.

    The first candidate is what GRPO starts from, unless the run asks for no measurement before its
    end: then its last weights are the best.
    """

    def __init__(
        self,
        measure: Callable[[], float],
        keep: Callable[[], None],
        run: RunFolder,
        every: int,
        report: Report,
    ) -> None:
        self.measure, self.keep = measure, keep
        self.run, self.every, self.report = run, every, report
        self.accuracies: list[float] = []
        self.measured_at = -1

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps (``trainer_state.json``)."""
        return {"args": {}, "attributes": {"accuracies": self.accuracies}}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.accuracies = list(restored(self, state).get("accuracies", []))
        if state.global_step == 0 and self.every < state.max_steps:
            self.look(state)

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        if state.global_step % self.every and state.global_step < state.max_steps:
            return
        self.look(state)

    def finish(self, state: TrainerState) -> None:
        """Measure the end of the run unless the last step was measured already."""
        if state.global_step != self.measured_at:
            self.look(state)

    def look(self, state: TrainerState) -> None:
        """Measure now; save the adapter when it is better than every earlier one."""
        accuracy, best = self.measure(), max(self.accuracies, default=-1.0)
        self.accuracies.append(accuracy)
        self.measured_at = state.global_step
        row = {"stage": "grpo", "step": state.global_step, "validation_suite_accuracy": accuracy}
        if state.is_world_process_zero:
            self.run.append_metrics(row | {"time": round(time.time(), 3)})
            chart({"validation/suite_accuracy": accuracy}, state.global_step)
        self.report(state.global_step, best=max(accuracy, best))
        if accuracy >= best:  # of equals, the one that has learnt longer
            self.keep()
