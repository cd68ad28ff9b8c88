"""Score packed rows; what does not fit memory is split, with the same result."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor

from sqlgrpo.training.fast.forest import Forest, Rows, build

log = logging.getLogger(__name__)


def score(
    model: Any, rows: Rows, max_tokens: int, accelerator: Any
) -> tuple[Forest, Tensor, Tensor]:
    """The packed rows, and per target its log-probability and the entropy, (N,) each.

    Raises ``torch.OutOfMemoryError`` when not even a single row fits.
    """
    while True:
        forest = build(rows, max_tokens, accelerator.device)
        if len(forest.batches) > 1:
            log.info(
                "%d packed tokens in %d parts of at most %d",
                forest.tokens,
                len(forest.batches),
                max_tokens,
            )
        try:
            with accelerator.autocast():
                logps_N, entropies_N = model(forest=forest)
        except torch.OutOfMemoryError:
            largest = max(len(batch.tokens_T) for batch in forest.batches)
            if max_tokens <= 1 or largest > max_tokens:
                raise
            max_tokens = largest // 2
            log.warning("out of memory; splitting into parts of %d tokens", max_tokens)
            continue
        return forest, logps_N, entropies_N
