"""The end of GRPO when it has gone wrong: which signs there are, and what to do about each.

A sign is read from the figures that are logged anyway, over a window of steps. The first that
shows ends the training; the run goes on with its evaluation, on ``checkpoint-best``.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean, median
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_callback import ExportableState

from sqlgrpo.config import HaltsConfig
from sqlgrpo.files import write_atomically
from sqlgrpo.training import distributed
from sqlgrpo.training.callbacks import restored
from sqlgrpo.training.run_folder import RunFolder

log = logging.getLogger(__name__)

LENGTH, FLAT, KL = "completions/mean_length", "frac_reward_zero_std", "kl"
REWARD, ACCURACY = "reward", "validation_suite_accuracy"
READ = (LENGTH, FLAT, KL, REWARD)
SOLVED = 0.5
"""Mean reward above which flat groups are right throughout rather than wrong throughout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Why a run stopped training."""

    figure: str
    """Its name in ``metrics.jsonl``."""
    value: float | None
    """``None`` when it is no finite number."""
    limit: str
    next_step: str
    step: int = 0

    def __str__(self) -> str:
        value = "not finite" if self.value is None else f"{self.value:.3g}"
        return (
            f"halted at step {self.step}: {self.figure} is {value}, {self.limit}. "
            f"Next: {self.next_step}"
        )

    def write(self, run: RunFolder) -> None:
        """Leave word in the run folder, so that a resumed run does not train on."""
        told = {"message": f"GRPO {self}", **asdict(self)}
        write_atomically(run.halt, json.dumps(told, indent=2) + "\n")


def read_halt(run: RunFolder) -> Halt | None:
    """Why this run stopped, if it did so by itself."""
    if not run.halt.is_file():
        return None
    told = json.loads(run.halt.read_text())
    return Halt(**{name: value for name, value in told.items() if name != "message"})


@dataclass(slots=True, kw_only=True)
class Seen:
    """The figures of the first and of the latest ``window`` logged steps."""

    window: int
    first: dict[str, list[float]] = field(default_factory=dict)
    latest: dict[str, list[float]] = field(default_factory=dict)

    def add(self, logs: Mapping[str, Any]) -> None:
        """Take in what one step logged."""
        for name in READ:
            value = logs.get(name)
            if value is None:
                continue
            if len(first := self.first.setdefault(name, [])) < self.window:
                first.append(float(value))
            latest = [*self.latest.get(name, []), float(value)]
            self.latest[name] = latest[-self.window :]

    def over(self, name: str, take: Callable[[Iterable[float]], float] = fmean) -> float:
        """The figure over the latest window; NaN until there is a whole one."""
        values = self.latest.get(name, [])
        return take(values) if len(values) >= self.window else math.nan

    def at_start(self, name: str) -> float:
        """The mean of the figure over the first window; NaN until that is over."""
        values = self.first.get(name, [])
        return fmean(values) if len(values) >= self.window else math.nan


def collapsed(seen: Seen, limits: HaltsConfig) -> Halt | None:
    """Shorter answers that earn more are learning; shorter ones that do not are a collapse."""
    now, start = seen.over(LENGTH), seen.at_start(LENGTH)
    if limits.length is None or not now < limits.length * start:
        return None
    before, earned = seen.at_start(REWARD), seen.over(REWARD)
    if earned > before:
        return None
    return Halt(
        figure=LENGTH,
        value=now,
        limit=f"below training.halts.length={limits.length:g} of its start, {start:.3g}, "
        f"and the reward went from {before:.3g} to {earned:.3g}",
        next_step="lower training.learning_rate, or raise training.beta",
    )


def flat(seen: Seen, limits: HaltsConfig) -> Halt | None:
    """Groups whose rewards are all equal have no gradient."""
    share = seen.over(FLAT)
    if limits.flat_groups is None or not share > limits.flat_groups:
        return None
    easier = "train longer in the warm start (training.warm_start), or take easier examples"
    harder = "take harder examples (data=...), or raise training.temperature"
    return Halt(
        figure=FLAT,
        value=share,
        limit=f"above training.halts.flat_groups={limits.flat_groups:g}: "
        f"at a mean reward of {seen.over(REWARD):.2g} there is nothing to learn from",
        next_step=harder if seen.over(REWARD) > SOLVED else easier,
    )


def strayed(seen: Seen, limits: HaltsConfig) -> Halt | None:
    """The median, because a single token can send the estimate of one step sky-high."""
    value = seen.over(KL, median)
    if limits.kl is None or not value > limits.kl:
        return None
    return Halt(
        figure=KL,
        value=value,
        limit=f"above training.halts.kl={limits.kl:g}",
        next_step="lower training.learning_rate, or raise training.beta",
    )


def fallen(accuracies: Sequence[float], limits: HaltsConfig) -> Halt | None:
    """The latest evaluations are all well below the best one."""
    latest = accuracies[-limits.evaluations :]
    if limits.accuracy_drop is None or len(accuracies) <= limits.evaluations:
        return None
    best = max(accuracies)
    if not max(latest) < best - limits.accuracy_drop:
        return None
    return Halt(
        figure=ACCURACY,
        value=latest[-1],
        limit=f"{limits.evaluations} times in a row more than "
        f"training.halts.accuracy_drop={limits.accuracy_drop:g} below the best, {best:.3g}",
        next_step="lower training.learning_rate, or raise training.beta",
    )


def broken(figure: str) -> Halt:
    """A figure that is NaN or infinite."""
    return Halt(
        figure=figure,
        value=None,
        limit="and a step with it would spoil the weights",
        next_step="lower training.learning_rate; with training.autocast=bfloat16 try null",
    )


SIGNS: tuple[Callable[[Seen, HaltsConfig], Halt | None], ...] = (collapsed, flat, strayed)


class Halts(TrainerCallback, ExportableState):
    """Looks for the signs after every step and every evaluation, and stops at the first."""

    def __init__(self, limits: HaltsConfig, accuracies: Callable[[], Sequence[float]]) -> None:
        self.limits, self.accuracies = limits, accuracies
        self.seen = Seen(window=limits.window)
        self.spoilt = False
        self.found: Halt | None = None

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps (``trainer_state.json``)."""
        return {"args": {}, "attributes": {"first": self.seen.first, "latest": self.seen.latest}}

    def on_train_begin(self, _args: Any, state: TrainerState, *_: Any, **__: Any) -> None:
        self.seen = Seen(window=self.limits.window, **restored(self, state))

    def on_pre_optimizer_step(self, *_: Any, optimizer: Any, **__: Any) -> None:
        """Drop a gradient that is not finite, so that the weights stay what they were."""
        if self.limits.not_finite and not finite_gradient(optimizer):
            optimizer.zero_grad()
            self.spoilt = True

    def on_step_end(
        self, _args: Any, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        spoilt = broken("grad_norm") if self.spoilt else None
        self._stop_at(spoilt or fallen(self.accuracies(), self.limits), state, control)

    def on_log(
        self,
        _args: Any,
        state: TrainerState,
        control: TrainerControl,
        *,
        logs: Mapping[str, Any],
        **_: Any,
    ) -> None:
        if "loss" not in logs or self.found:  # the summary at the end has no loss
            return
        self.seen.add(logs)
        self._stop_at(self._sign(logs), state, control)

    def _sign(self, logs: Mapping[str, Any]) -> Halt | None:
        for name in ("loss", "grad_norm"):
            if self.limits.not_finite and not math.isfinite(logs.get(name) or 0.0):
                return broken(name)
        return next(filter(None, (sign(self.seen, self.limits) for sign in SIGNS)), None)

    def _stop_at(self, halt: Halt | None, state: TrainerState, control: TrainerControl) -> None:
        """Stop on every process when the main one found a sign."""
        halt = distributed.on_main(lambda: halt)
        if halt is None:
            return
        self.found = replace(halt, step=state.global_step)
        control.should_save = control.should_training_stop = True
        if state.is_world_process_zero:
            log.error("%s", self.found)


def finite_gradient(optimizer: Any) -> bool:
    """No gradient is NaN or infinite (DeepSpeed keeps its own, which are not seen here)."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return True
    whole = [gradient.isfinite().all().to(gradients[0].device) for gradient in gradients]
    return bool(torch.stack(whole).all())
