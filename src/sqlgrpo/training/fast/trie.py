"""Pack the completions of a group into one row: the prompt once, shared prefixes once.

A row lists its tokens in depth-first order, so "token k is an ancestor of token q, or q itself"
is ``k <= q < end[k]``, where ``end[k]`` is one past the last descendant of k. That single vector
is the whole attention mask.

The last token of a completion predicts nothing, so it is a target but never an input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlgrpo.inference.prefill import Tokens, common_prefix


@dataclass(slots=True, kw_only=True)
class PackedRow:
    """One prompt and the distinct completions sampled from it.

    >>> row = pack((7, 8), [(1, 2, 3), (1, 2, 4), (5,)])
    >>> row.tokens          # the prompt, then the inputs 1 and 2
    [7, 8, 1, 2]
    >>> row.targets         # 1, 2, 3, 4 and 5, predicted at positions ...
    [1, 2, 3, 4, 5]
    >>> row.parents
    [1, 2, 3, 3, 1]
    >>> row.paths[(1, 2, 4)]
    [0, 1, 3]
    """

    prompt_length: int
    tokens: list[int]
    positions: list[int]
    ends: list[int]
    parents: list[int] = field(default_factory=list)
    """For each target: the input token whose hidden state predicts it."""
    targets: list[int] = field(default_factory=list)
    paths: dict[Tokens, list[int]] = field(default_factory=dict)
    """For each distinct completion: its targets' indices."""


def pack(prompt: Sequence[int], completions: Iterable[Tokens]) -> PackedRow:
    """The packed row of a group; equal completions are merged and empty ones left out."""
    length = len(prompt)
    row = PackedRow(
        prompt_length=length,
        tokens=list(prompt),
        positions=list(range(length)),
        ends=[0] * length,
    )
    open_inputs: list[int] = []
    path: list[int] = []
    previous: Tokens = ()
    for completion in sorted({c for c in completions if c}):
        shared = common_prefix(previous, completion)
        _close(row, open_inputs, shared)
        del path[shared:]
        for depth in range(len(open_inputs), len(completion) - 1):
            open_inputs.append(len(row.tokens))
            row.tokens.append(completion[depth])
            row.positions.append(length + depth)
            row.ends.append(0)
        for depth in range(shared, len(completion)):
            path.append(len(row.targets))
            row.targets.append(completion[depth])
            row.parents.append(open_inputs[depth - 1] if depth else length - 1)
        row.paths[completion] = list(path)
        previous = completion
    _close(row, open_inputs, 0)
    row.ends[:length] = [len(row.tokens)] * length
    return row


def pack_within(
    prompt: Sequence[int], completions: Sequence[Tokens], max_tokens: int
) -> Iterator[PackedRow]:
    """The packed rows of a group, as few as fit ``max_tokens`` each (one completion always fits).

    Neighbours in sorted order share the longest prefixes, so the list is cut, not dealt out.
    """
    distinct = sorted({c for c in completions if c})
    row = pack(prompt, distinct)
    if len(row.tokens) <= max_tokens or len(distinct) < 2:
        yield row
        return
    middle = len(distinct) // 2
    yield from pack_within(prompt, distinct[:middle], max_tokens)
    yield from pack_within(prompt, distinct[middle:], max_tokens)


def _close(row: PackedRow, open_inputs: list[int], depth: int) -> None:
    """The subtrees below ``depth`` are complete: nothing after this point descends from them."""
    for index in open_inputs[depth:]:
        row.ends[index] = len(row.tokens)
    del open_inputs[depth:]
