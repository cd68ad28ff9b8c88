"""Turn TRL's padded batch into packed rows, and per-target values back into TRL's shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sqlgrpo.inference.prefill import Tokens, common_prefix
from sqlgrpo.training.fast.trie import PackedRow, pack_within

NOTHING = next(pack_within((0,), [(0,)], 1))
"""One token that predicts the next."""
WORTH_SHARING = 0.1
"""Part of the tokens from which what all prompts have in common is read once. Below it, each prompt
is better off with plain causal attention of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedBatch:
    """Packed rows laid end to end, as tensors; indices count from the start of the batch.

    What opens every prompt (the system prompt, or the schema when all questions are about one)
    comes first, once, and the rows go on from there.
    """

    tokens_T: Tensor
    positions_T: Tensor
    ends_T: Tensor
    shared: int
    """How many tokens that opening has; 0 when it is not worth it."""
    spans: tuple[tuple[int, int, int], ...]
    """Of every row: start, first token of its tree, stop."""
    parents_N: Tensor
    targets_N: Tensor

    @classmethod
    def of(cls, rows: Sequence[PackedRow], device: torch.device) -> PackedBatch:
        """Lay packed rows end to end."""
        shared = opening(rows)
        tokens = rows[0].tokens[:shared]
        positions = rows[0].positions[:shared]
        ends = [0] * shared
        parents: list[int] = []
        targets: list[int] = []
        spans: list[tuple[int, int, int]] = []
        for row in rows:
            start = len(tokens)
            move = start - shared
            tokens += row.tokens[shared:]
            positions += row.positions[shared:]
            ends += [move + end for end in row.ends[shared:]]
            parents += [parent if parent < shared else move + parent for parent in row.parents]
            targets += row.targets
            spans.append((start, move + row.prompt_length, len(tokens)))
        ends[:shared] = [len(tokens)] * shared
        return cls(
            tokens_T=torch.tensor(tokens, device=device),
            positions_T=torch.tensor(positions, device=device),
            ends_T=torch.tensor(ends, device=device),
            shared=shared,
            spans=tuple(spans),
            parents_N=torch.tensor(parents, device=device),
            targets_N=torch.tensor(targets, device=device),
        )


def opening(rows: Sequence[PackedRow]) -> int:
    """How many tokens open the prompts of all rows, if reading them once is worth it."""
    first, last = min(row.tokens for row in rows), max(row.tokens for row in rows)
    shared = min(common_prefix(first, last), *(row.prompt_length - 1 for row in rows))
    saved = shared * (len(rows) - 1)
    return shared if saved >= WORTH_SHARING * sum(len(row.tokens) for row in rows) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Everything one call of the model scores; ``batches`` are held in memory one at a time."""

    batches: tuple[PackedBatch, ...]
    index_BC: Tensor
    """For each token of each completion: its target, or N where there is none."""
    tokens: int
    idle: int = 0
    """Forward passes to make besides, for nothing, because another process makes them."""

    def spread(self, values_N: Tensor) -> Tensor:
        """Values per target -> (B, C), zero where there is no token."""
        return torch.cat([values_N, values_N.new_zeros(1)])[self.index_BC]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A padded batch as token lists; ``completions[i]`` is empty for a row that is left out."""

    prompts: list[Tokens]
    completions: list[Tokens]
    width: int
    """C, the padded length of a completion."""

    @classmethod
    def read(cls, ids_BT: Tensor, mask_BT: Tensor, width: int, keep: Sequence[bool]) -> Rows:
        """Split rows at ``width`` tokens from the right; prompts are padded on the left."""
        cut = ids_BT.shape[1] - width
        starts = (cut - mask_BT[:, :cut].sum(dim=1)).tolist()
        lengths = mask_BT[:, cut:].sum(dim=1).tolist()
        ids = ids_BT.tolist()
        return cls(
            prompts=[tuple(row[start:cut]) for row, start in zip(ids, starts, strict=True)],
            completions=[
                tuple(row[cut : cut + length]) if kept else ()
                for row, length, kept in zip(ids, lengths, keep, strict=True)
            ],
            width=width,
        )


def build(rows: Rows, max_tokens: int, device: torch.device) -> Forest:
    """Pack ``rows`` by prompt into batches of at most ``max_tokens`` (one completion always fits).

    With nothing to score, one token predicts the next: distributed training needs every process
    to run forward and backward, and the optimizer needs gradients of zero rather than none.
    """
    packed = list(_pack_groups(rows, max_tokens))
    index_BC = [[-1] * rows.width for _ in rows.completions]
    count = 0
    for prompt, row in packed:
        for i, completion in enumerate(rows.completions):
            path = row.paths.get(completion) if rows.prompts[i] == prompt else None
            if path is not None:
                index_BC[i][: len(path)] = [count + target for target in path]
        count += len(row.targets)
    trees = [row for _, row in packed] or [NOTHING]
    index = torch.tensor(index_BC, device=device)
    batches = tuple(PackedBatch.of(part, device) for part in _fill(trees, max_tokens))
    return Forest(
        batches=batches,
        index_BC=index.where(index >= 0, sum(len(tree.targets) for tree in trees)),
        tokens=sum(len(batch.tokens_T) for batch in batches),
    )


def _pack_groups(rows: Rows, max_tokens: int) -> Iterator[tuple[Tokens, PackedRow]]:
    groups: dict[Tokens, list[Tokens]] = {}
    for prompt, completion in zip(rows.prompts, rows.completions, strict=True):
        if completion:
            groups.setdefault(prompt, []).append(completion)
    for prompt, completions in groups.items():
        for row in pack_within(prompt, completions, max_tokens):
            yield prompt, row


def _fill(rows: Sequence[PackedRow], max_tokens: int) -> Iterator[list[PackedRow]]:
    part: list[PackedRow] = []
    room = max_tokens
    for row in rows:
        if part and len(row.tokens) > room:
            yield part
            part, room = [], max_tokens
        part.append(row)
        room -= len(row.tokens)
    yield part
