"""Where the seconds of an optimizer step go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

PARTS = ("generate", "verify", "train", "other")
"""Sampling; rewards; log-probabilities, loss and backward; everything else."""


class StepTimer:
    """Exclusive time by part: a part inside another one takes its time out of the outer one.

    Time outside every block (the optimizer, logging, callbacks) counts as ``other``.
    """

    def __init__(self) -> None:
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._open = ["other"]
        self._mark: float | None = None

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Claim the time of the block for ``part``."""
        self._turn()
        self._open.append(part)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def step(self) -> dict[str, float]:
        """Seconds by part since the last call, or since the first block; then start again."""
        self._turn()
        spent = {f"time/{part}_s": seconds for part, seconds in self._spent.items()}
        spent["time/step_s"] = sum(self._spent.values())
        self._spent = dict.fromkeys(PARTS, 0.0)
        return spent

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._mark is not None:
            self._spent[self._open[-1]] += now - self._mark
        self._mark = now
