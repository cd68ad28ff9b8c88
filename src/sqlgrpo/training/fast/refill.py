"""Dynamic sampling (DAPO, Yu et al., 2025): groups that teach nothing make room for others."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from sqlgrpo.errors import ConfigError
from sqlgrpo.training.fast.batching import Batch, is_rows, select

PADDED_WITH_ONES = ("tool_mask", "importance_sampling_ratio")
"""As TRL pads them."""


def check(rounds: int, dataset: Any, scale_rewards: str, aggregation: str) -> None:
    """Raise ``ConfigError`` when groups cannot be exchanged one by one."""
    if not rounds:
        return
    if not isinstance(dataset, Sized):
        raise ConfigError("refill_rounds needs a dataset with a length, not a stream")
    if scale_rewards == "batch" or aggregation != "sum_then_normalize":
        raise ConfigError(
            "refill_rounds needs advantages that depend on the group alone; set "
            "scale_rewards=group and multi_objective_aggregation=sum_then_normalize"
        )


def draw(dataset: Any, count: int, group_size: int, seed: int) -> list[dict[str, Any]]:
    """``count`` random rows, each ``group_size`` times; the seed makes a resumed run repeat it."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(dataset), (count,), generator=generator).tolist()
    return [dict(dataset[i]) for i in chosen for _ in range(group_size)]


def flat(batch: Batch, group_size: int) -> Tensor:
    """Groups whose advantages are all exactly zero, (P,)."""
    return (batch["advantages"].view(-1, group_size) == 0).all(dim=1)


def exchange(batch: Batch, fresh: Batch, group_size: int, pad_id: int) -> tuple[Batch, int]:
    """``batch`` with flat groups replaced by groups of ``fresh`` that are not, and how many."""
    flat_P, useful_P = flat(batch, group_size), ~flat(fresh, group_size)
    places = flat_P.nonzero().flatten().tolist()
    useful = useful_P.nonzero().flatten().tolist()
    source = list(range(len(flat_P)))
    for place, new in zip(places, useful, strict=False):
        source[place] = len(flat_P) + new
    rows_B = torch.tensor(source)[:, None] * group_size + torch.arange(group_size)
    joined = {
        name: _join(name, value, fresh[name], pad_id) if is_rows(value) else value
        for name, value in batch.items()
    }
    chosen = {name: select(value, rows_B.flatten()) for name, value in joined.items()}
    return chosen, min(len(places), len(useful))


def loss_tokens(batch: Batch) -> Tensor:
    """Completion tokens that carry a loss, by which some losses are normalised."""
    mask: Tensor = batch["completion_mask"]
    return (mask * batch["tool_mask"] if "tool_mask" in batch else mask).sum()


def _join(name: str, old: Any, new: Any, pad_id: int) -> Any:
    """Both sets of rows in one tensor: prompts padded on the left, completions on the right."""
    if isinstance(old, list):
        return old + new
    if old.dim() == 1 or old.shape[1] == new.shape[1]:
        return torch.cat([old, new])
    width = max(old.shape[1], new.shape[1])
    fill = pad_id if name.endswith("_ids") else 1 if name in PADDED_WITH_ONES else 0
    left = name.startswith("prompt_")
    return torch.cat([_widen(part, width, fill, left=left) for part in (old, new)])


def _widen(rows: Tensor, width: int, fill: int, *, left: bool) -> Tensor:
    missing = width - rows.shape[1]
    return pad(rows, (missing, 0) if left else (0, missing), value=fill)
