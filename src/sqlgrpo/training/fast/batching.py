"""Keep groups whole when a generation batch is cut, and tell which completions teach nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

Batch = dict[str, Any]
NOISE = 1e-6
"""Relative difference up to which two rewards are the same number, computed twice in float32."""


def shuffle_groups(batch: Batch, group_size: int) -> Batch:
    """Rows in a random order of groups, each group together and in its own order."""
    rows = len(next(value for value in batch.values() if is_rows(value)))
    order_P = torch.randperm(rows // group_size)
    order_B = (order_P[:, None] * group_size + torch.arange(group_size)).flatten()
    return {name: select(value, order_B) for name, value in batch.items()}


def select(value: Any, rows_B: Tensor) -> Any:
    """The given rows of a batch entry; scalars and ``None`` belong to every row."""
    if isinstance(value, Tensor) and value.dim() > 0:
        return value[rows_B.to(value.device)]
    if isinstance(value, list):
        return [value[i] for i in rows_B.tolist()]
    return value


def is_rows(value: Any) -> bool:
    """Does this entry hold one element per row?"""
    return isinstance(value, list) or (isinstance(value, Tensor) and value.dim() > 0)


def flat_groups(rewards_BF: Tensor, weights_F: Tensor, group_size: int, *, summed: bool) -> Tensor:
    """For each group: is its reward (``summed``), or every single reward, the same throughout?

    A missing reward (NaN) counts as nothing in a sum, and as no difference on its own.
    """
    if summed:
        scored_B = ~rewards_BF.isnan().all(dim=1)
        total_B = (rewards_BF * weights_F).nansum(dim=1)
        values = total_B.where(scored_B, total_B.new_tensor(torch.nan))[:, None]
    else:
        values = rewards_BF[:, weights_F != 0]
    groups = values.view(-1, group_size, values.shape[1])
    high = groups.nan_to_num(nan=-torch.inf).amax(dim=1)
    low = groups.nan_to_num(nan=torch.inf).amin(dim=1)
    same = (high - low) <= NOISE * torch.maximum(high.abs(), low.abs())
    return (same | (high < low)).all(dim=1)


def fill_in(
    logps_BT: Tensor, entropies_BT: Tensor, left_out_B: Tensor, live_BT: Tensor, old: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Values for rows that were not computed: the ratio to the old policy is 1, and the mean
    entropy is that of the other rows."""
    rows_B1 = left_out_B[:, None]
    mean = entropies_BT[live_BT & ~rows_B1].mean()
    old_BT = torch.zeros_like(logps_BT) if old is None else old
    return logps_BT + old_BT * rows_B1, torch.where(rows_B1, mean, entropies_BT)
