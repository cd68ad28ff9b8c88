"""Trainers whose runs survive signals, kills, full disks and damaged checkpoints."""

from __future__ import annotations

import logging
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from safetensors import SafetensorError
from transformers import TrainerCallback, TrainerControl, TrainerState
from trl import GRPOConfig, GRPOTrainer

from sqlgrpo.errors import Interrupted
from sqlgrpo.files import swap_in
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.training.survive_files import is_disk_full, newest_whole, prune, seal

log = logging.getLogger(__name__)

PARTIAL = ".checkpoint-partial"
SIGNALS = (signal.SIGTERM, signal.SIGINT)
ECHO_S = 5.0
"""A signal so soon after another is the same one: Slurm tells every process, torchrun again."""


class Survives:
    """A mixin for trainers: checkpoints appear whole, and ``checkpoint-best`` is never rotated.

    transformers rotates checkpoints by age, and an old ``checkpoint-best`` would be the first to
    go; so ``save_total_limit`` stays unset and ``keep_checkpoints`` does its work.
    """

    args: Any
    state: Any
    accelerator: Any
    keep_checkpoints: int = 2
    _saving_to: Path | None = None

    def _get_output_dir(self, trial: Any) -> str:
        parent: str = super()._get_output_dir(trial)  # type: ignore[misc]
        return str(self._saving_to or parent)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        root = Path(self.args.output_dir)
        name = f"checkpoint-{self.state.global_step}"
        partial = root / PARTIAL
        if self.args.should_save:
            shutil.rmtree(partial, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        try:
            self._saving_to = partial
            super()._save_checkpoint(model, trial)  # type: ignore[misc]
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                seal(partial / name)
        except (OSError, RuntimeError, SafetensorError) as error:
            if self.args.world_size > 1 or not is_disk_full(error):
                raise
            self._say_full(root, name, partial, error)
            return
        finally:
            self._saving_to = None
        if self.args.should_save:
            swap_in(partial / name, root / name)
            shutil.rmtree(partial, ignore_errors=True)
            prune(root, self.keep_checkpoints)
        self.accelerator.wait_for_everyone()

    def _say_full(self, root: Path, name: str, partial: Path, error: BaseException) -> None:
        shutil.rmtree(partial, ignore_errors=True)
        last = newest_whole(root)
        log.error(
            "no room to save %s in %s (%s); %s. Training goes on; free space before step %d",
            name,
            root,
            str(error).splitlines()[0],
            f"{last.name} stays" if last else "there is no earlier checkpoint",
            self.state.global_step + self.args.save_steps,
        )


class SurvivingGRPOTrainer(Survives, GRPOTrainer):
    """Stock TRL."""


class SurvivingFastGRPOTrainer(Survives, FastGRPOTrainer):
    """The fast trainer."""


def period(args: GRPOConfig) -> int:
    """Optimizer steps from one generation to the next; a checkpoint in between cannot be resumed
    exactly, because the completions that are still to be used are not in it."""
    uses = args.steps_per_generation * args.num_iterations
    return max(1, uses // args.gradient_accumulation_steps)


class StopOnSignal(TrainerCallback):
    """SIGTERM and Ctrl-C save a checkpoint at the next generation boundary and stop; twice stops
    at once. ``agree`` makes the largest signal number of all processes known to each."""

    def __init__(self, agree: Callable[[int], int]) -> None:
        self.agree = agree
        self.received = 0
        self._received_at_s = 0.0
        self._before: dict[signal.Signals, Any] = {}

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.restore()

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def on_step_end(
        self, args: GRPOConfig, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if state.global_step % period(args):
            return
        self.received = self.agree(self.received)
        if self.received:
            control.should_save = control.should_training_stop = True

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if self.received and now_s - self._received_at_s <= ECHO_S:
            return
        if self.received:
            raise KeyboardInterrupt
        self.received, self._received_at_s = number, now_s
        log.warning(
            "%s: stopping after this step; once more in %d seconds or later stops at once",
            signal.Signals(number).name,
            ECHO_S,
        )

    def check(self, root: Path) -> None:
        """Raise ``Interrupted`` with the way to go on when a signal ended the training."""
        if self.received:
            last = newest_whole(root)
            where = f"from {last.name}" if last else "from the start"
            raise Interrupted(
                f"stopped; run the same command again to continue {where} in {root}",
                signal_number=self.received,
            )
