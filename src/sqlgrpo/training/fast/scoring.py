"""Score packed rows; what does not fit memory is split, with the same result."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import torch
from accelerate import DistributedType
from peft import PeftModel
from torch import Tensor, nn

from sqlgrpo.training.fast.forest import Forest, Rows, build

log = logging.getLogger(__name__)


class Scorer:
    """Scores rows in parts of at most ``limit`` packed tokens; what did not fit memory once is
    split from then on."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._largest = 0

    def __call__(
        self, model: Any, rows: Rows, held: int, accelerator: Any
    ) -> tuple[Forest, Tensor, Tensor]:
        """The packed rows, and per target its log-probability and the entropy, (N,) each; without
        a limit, parts are of at most ``held`` tokens.

        Raises ``torch.OutOfMemoryError`` when not even a single row fits, and at once when there
        are other processes, which would not split theirs.
        """
        while True:
            limit = self.limit or held
            forest = build(rows, limit, accelerator.device)
            alone = accelerator.distributed_type == DistributedType.NO
            if not alone:
                forest = in_step(forest, accelerator)
            self._largest = max((len(batch.tokens_T) for batch in forest.batches), default=0)
            try:
                with accelerator.autocast():
                    logps_N, entropies_N = model(forest=forest)
            except torch.OutOfMemoryError:
                if not alone or not self.halve(limit):
                    raise
                continue
            return forest, logps_N, entropies_N

    def halve(self, limit: int | None = None) -> bool:
        """Allow half of what was last held at once, unless that was a single row already."""
        allowed = limit or self.limit or self._largest
        if self._largest <= 1 or self._largest > allowed:
            return False
        self.limit = self._largest // 2
        log.warning("out of memory; splitting into parts of %d tokens", self.limit)
        return True


def in_step(forest: Forest, accelerator: Any) -> Forest:
    """The forest with as many forward passes as that of every other process: ZeRO-3 gathers the
    weights for each, and waits for all."""
    count = torch.tensor(len(forest.batches), device=accelerator.device)
    most = int(accelerator.gather(count).max())
    return replace(forest, idle=most - len(forest.batches))


class Gradients:
    """What had been accumulated before a backward pass that may run out of memory."""

    def __init__(self, model: nn.Module) -> None:
        self._kept = [(p, _copy(p.grad)) for p in model.parameters() if p.requires_grad]

    def restore(self) -> None:
        """Take back what the pass has added so far."""
        for parameter, gradient in self._kept:
            parameter.grad = _copy(gradient)

    @classmethod
    def of(cls, model: nn.Module) -> Gradients | None:
        """``None`` where a copy would be large: all weights are trained and have gradients."""
        empty = all(parameter.grad is None for parameter in model.parameters())
        return cls(model) if empty or isinstance(model, PeftModel) else None


def _copy(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.clone()
