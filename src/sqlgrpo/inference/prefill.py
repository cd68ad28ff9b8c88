"""Prompts laid end to end for one forward pass; what several have in common is read once.

Questions about one schema share nearly all of their prompt. The prompts form a tree that branches
where they part: every node is a run of tokens that sees its ancestors and itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa
from transformers.integrations.sdpa_attention import repeat_kv

Tokens = tuple[int, ...]
Path = tuple[slice, ...]
"""Runs of the packed tokens that make up a prompt, from its start."""


@dataclass(slots=True)
class PackedPrompts:
    """The tree of distinct prompts."""

    prompts: Sequence[Tokens]
    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    nodes: list[Path] = field(default_factory=list)
    """The path of every node, itself last, in the order in which their tokens lie."""
    paths: list[Path] = field(init=False)
    """The path of every prompt."""
    _masks: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.paths = [()] * len(self.prompts)
        self._branch(sorted(range(len(self.prompts)), key=self.prompts.__getitem__), 0, ())

    @property
    def last(self) -> list[int]:
        """Where the last token of every prompt lies."""
        return [path[-1].stop - 1 for path in self.paths]

    def _branch(self, rows: list[int], depth: int, path: Path) -> None:
        """Lay out sorted prompts that agree up to ``depth``, where ``path`` ends."""
        first = self.prompts[rows[0]]
        stop = common_prefix(first, self.prompts[rows[-1]])
        if stop > depth:
            start = len(self.tokens)
            self.tokens += first[depth:stop]
            self.positions += range(depth, stop)
            path = (*path, slice(start, len(self.tokens)))
            self.nodes.append(path)
        if len(first) == stop:
            self.paths[rows[0]] = path
            rows = rows[1:]
        for _, branch in groupby(rows, key=lambda row: self.prompts[row][stop]):
            self._branch(list(branch), stop, path)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
        """Attention of every token to its ancestors and itself."""
        shared = query.shape[1] // key.shape[1]
        key, value = repeat_kv(key, shared), repeat_kv(value, shared)
        outputs = []
        for path in self.nodes:
            own = path[-1]
            outputs.append(
                sdpa(
                    query[:, :, own],
                    along(path, key),
                    along(path, value),
                    attn_mask=self._mask(path, query.device),
                    is_causal=len(path) == 1,
                    scale=scaling,
                )
            )
        return torch.cat(outputs, dim=2)

    def _mask(self, path: Path, device: torch.device) -> Tensor | None:
        """What the tokens of a node see, unless that is plain causal attention or everything."""
        size = path[-1].stop - path[-1].start
        if len(path) == 1 or size == 1:
            return None
        above = sum(run.stop - run.start for run in path[:-1])
        if (size, above) not in self._masks:
            ones = torch.ones(size, above + size, dtype=torch.bool, device=device)
            self._masks[size, above] = ones.tril(diagonal=above)
        return self._masks[size, above]


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens open both.

    >>> common_prefix((1, 2, 3), (1, 2, 4, 5))
    2
    """
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def along(path: Path, heads: Tensor) -> Tensor:
    """The tokens of a path out of (1, heads, T, head size)."""
    if len(path) == 1:
        return heads[:, :, path[0]]
    return torch.cat([heads[:, :, run] for run in path], dim=2)
