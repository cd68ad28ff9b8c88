"""One decoding step: where its tokens go in the cache, and which of them attend in one call.

The new tokens of several groups attend in one call when they are padded to the group that has most
of them, on as many slots as the longest has. A group whose samples have parted has many tokens and
many slots: padded to it, the others would pay for most of the attention of a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CALL = {"cpu": 1024}
"""How many pairs of a token and a slot may be padded to spare one call, by type of device. Where
none is listed, launching a call costs more than padding, and there is one for all groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The new tokens of consecutive groups, padded to the group with most of them."""

    rows: slice
    groups: slice
    places_R: Tensor
    """Where each row goes in groups x width, flat."""
    visible_GQL: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the new tokens go; rows lie in the order of their groups."""

    groups_R: Tensor
    slots_R: Tensor
    parts: tuple[Part, ...]
    slots: int
    """How many slots the longest group has."""

    @classmethod
    def of(cls, groups: Sequence[int], slots: Sequence[int], seen_RL: Tensor, count: int) -> Step:
        """Of the group and slot of each row and what it sees; ``count`` groups are in the cache."""
        device = seen_RL.device
        widths = [0] * count
        lengths = [0] * count
        columns = []
        for group, slot in zip(groups, slots, strict=True):
            columns.append(widths[group])
            widths[group] += 1
            lengths[group] = slot + 1
        padding = CALL.get(device.type)
        cuts = [slice(0, count)] if padding is None else _cut(widths, lengths, padding)
        return cls(
            groups_R=torch.tensor(groups, device=device),
            slots_R=torch.tensor(slots, device=device),
            parts=tuple(
                _part(cut, widths, lengths, columns, seen_RL) for cut in cuts if any(widths[cut])
            ),
            slots=max(lengths),
        )


def _cut(widths: Sequence[int], lengths: Sequence[int], padding: int) -> Iterator[slice]:
    """Runs of groups in which padding stays below ``padding`` for each call that they spare."""
    start = width = length = real = 0
    for group, (tokens, slots) in enumerate(zip(widths, lengths, strict=True)):
        width, length, real = max(width, tokens), max(length, slots), real + tokens * slots
        if (group + 1 - start) * width * length > real + (group - start) * padding:
            yield slice(start, group)
            start, width, length, real = group, tokens, slots, tokens * slots
    yield slice(start, len(widths))


def _part(
    cut: slice,
    widths: Sequence[int],
    lengths: Sequence[int],
    columns: Sequence[int],
    seen_RL: Tensor,
) -> Part:
    width, length = max(widths[cut]), max(lengths[cut])
    first = sum(widths[: cut.start])
    rows = slice(first, first + sum(widths[cut]))
    bases = [number * width for number, tokens in enumerate(widths[cut]) for _ in range(tokens)]
    places = [base + column for base, column in zip(bases, columns[rows], strict=True)]
    places_R = torch.tensor(places, device=seen_RL.device)
    visible = seen_RL.new_zeros((cut.stop - cut.start) * width, length)
    visible[:, 0] = True
    visible[places_R] = seen_RL[rows, :length]
    return Part(
        rows=rows,
        groups=cut,
        places_R=places_R,
        visible_GQL=visible.view(-1, width, length),
    )
