"""When the rows of a prediction count as the rows of the gold; every point is an option.

A gold that orders its rows, or cuts them with LIMIT, allows more than one answer when rows tie on
its keys. So the gold's side is not a list of rows but its *ties*: the rows it returns, in runs
that may permute, and for a run that LIMIT cuts, everything the run could have been cut from.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from sqlgrpo.config import CompareConfig
from sqlgrpo.databases.sqlite import Row

MAX_PERMUTATIONS = 720


@dataclass(frozen=True, slots=True)
class Tie:
    """Rows ``start`` to ``end`` of the answer are any choice from ``rows``, in any order."""

    start: int
    end: int
    rows: tuple[Row, ...]

    @property
    def cut(self) -> bool:
        return len(self.rows) != self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldRows:
    """What the gold returns on one database."""

    rows: tuple[Row, ...]
    width: int
    ties: tuple[Tie, ...] | None = None
    """Where the answer is free; ``None`` when only the multiset of rows matters."""


def tie_runs(rows: Sequence[Row], width: int, offset: int, limit: int | None) -> tuple[Tie, ...]:
    """The ties of an ordered answer, from its rows with their keys behind ``width`` columns.

    >>> tie_runs([("a", 1), ("b", 2), ("c", 2)], 1, 0, 2)[1]
    Tie(start=1, end=2, rows=(('b',), ('c',)))
    """
    last = len(rows) if limit is None else min(len(rows), offset + limit)
    cuts = [0, *(i for i, (a, b) in enumerate(pairwise(rows), 1) if a[width:] != b[width:])]
    ties = []
    for start, end in pairwise([*cuts, len(rows)]):
        first, final = max(start, offset), min(end, last)
        if first < final:
            choice = tuple(row[:width] for row in rows[start:end])
            ties.append(Tie(first - offset, final - offset, choice))
    return tuple(ties)


class Comparison:
    """Compares one prediction with the gold on database after database.

    One permutation of the columns has to serve on all of them, so it remembers what it saw.
    """

    def __init__(self, config: CompareConfig) -> None:
        self._config = config
        self._columns: tuple[int, ...] | None = None
        self._seen: list[tuple[GoldRows, tuple[Row, ...]]] = []

    def add(self, gold: GoldRows, rows: tuple[Row, ...], width: int) -> str:
        """Why these rows are not the gold's; empty when they are."""
        if width != gold.width:
            return f"{width} column{'s' * (width != 1)}, expected {gold.width}"
        if self._config.duplicates and len(rows) != len(gold.rows):
            return f"{len(rows)} row{'s' * (len(rows) != 1)}, expected {len(gold.rows)}"
        self._seen.append((gold, rows))
        if matches(gold, _permuted(rows, self._columns), self._config):
            return ""
        if self._config.permute_columns and width > 1:
            for columns in _permutations(gold, rows):
                if all(matches(g, _permuted(r, columns), self._config) for g, r in self._seen):
                    self._columns = columns
                    return ""
        in_order = gold.ties is not None or self._config.order == "always"
        if in_order and Counter(rows) == Counter(gold.rows):
            return "rows out of order"
        return "rows differ"


def matches(gold: GoldRows, rows: tuple[Row, ...], config: CompareConfig) -> bool:
    """Whether rows are an answer that the gold allows, columns as they stand."""
    if rows == gold.rows or _match(gold, rows, config):
        return True
    if config.float_tolerance and _has_float(rows, gold.rows):
        return _match(*_snapped(gold, rows, config.float_tolerance), config)
    return False


def _match(gold: GoldRows, rows: tuple[Row, ...], config: CompareConfig) -> bool:
    if not config.duplicates:
        return set(rows) == set(gold.rows)
    if len(rows) != len(gold.rows):
        return False
    if gold.ties is None or config.order == "always" or not config.ties:
        ordered = gold.ties is not None and config.order == "gold"
        if ordered or config.order == "always":
            return rows == gold.rows
        return Counter(rows) == Counter(gold.rows)
    if config.order == "never":
        return _choice(gold.ties, rows)
    return all(_from(tie, rows[tie.start : tie.end]) for tie in gold.ties)


def _from(tie: Tie, rows: tuple[Row, ...]) -> bool:
    """Whether rows can be chosen from a tie (``<=`` on counters is inclusion)."""
    return Counter(rows) <= Counter(tie.rows)


def _choice(ties: tuple[Tie, ...], rows: tuple[Row, ...]) -> bool:
    """Whether rows, in whatever order, are all of each whole tie and some of each cut one."""
    rest = Counter(rows)
    for tie in ties:
        if not tie.cut:
            needed = Counter(tie.rows)
            if not needed <= rest:
                return False
            rest -= needed
    return rest <= sum((Counter(tie.rows) for tie in ties if tie.cut), Counter())


def _permuted(rows: tuple[Row, ...], columns: tuple[int, ...] | None) -> tuple[Row, ...]:
    if columns is None:
        return rows
    return tuple(tuple(row[i] for i in columns) for row in rows)


def _permutations(gold: GoldRows, rows: tuple[Row, ...]) -> Iterator[tuple[int, ...]]:
    """Orders of the predicted columns under which each holds the values that the gold's holds."""
    free = gold.ties is not None and any(tie.cut for tie in gold.ties)
    wanted = [_values(gold.rows, i) for i in range(gold.width)]
    found = [_values(rows, i) for i in range(gold.width)]
    choices = [[j for j, values in enumerate(found) if free or values == want] for want in wanted]
    yield from islice(_distinct(choices), MAX_PERMUTATIONS)


def _values(rows: tuple[Row, ...], column: int) -> Counter[object]:
    # floats are told apart later; here they only have to fall together
    values = (row[column] for row in rows)
    return Counter(float(f"{v:.6g}") if isinstance(v, (int, float)) else v for v in values)


def _distinct(choices: list[list[int]], taken: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    if not choices:
        yield taken
        return
    for choice in choices[0]:
        if choice not in taken:
            yield from _distinct(choices[1:], (*taken, choice))


def _has_float(*results: tuple[Row, ...]) -> bool:
    return any(isinstance(value, float) for rows in results for row in rows for value in row)


def _snapped(
    gold: GoldRows, rows: tuple[Row, ...], tolerance: float
) -> tuple[GoldRows, tuple[Row, ...]]:
    """Both sides with numbers that are equal within the tolerance made the same number."""
    ties = gold.ties or ()
    everything = [rows, gold.rows, *(tie.rows for tie in ties)]
    values = {v for part in everything for row in part for v in row}
    numbers = sorted(v for v in values if isinstance(v, (int, float)))
    same: dict[object, float] = {}
    anchor = math.inf
    for number in numbers:
        if not math.isclose(number, anchor, rel_tol=tolerance, abs_tol=1e-12):
            anchor = number
        same[number] = anchor

    def snap(part: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(tuple(same.get(v, v) for v in row) for row in part)

    snapped = tuple(Tie(tie.start, tie.end, snap(tie.rows)) for tie in ties)
    return (
        GoldRows(
            rows=snap(gold.rows),
            width=gold.width,
            ties=None if gold.ties is None else snapped,
        ),
        snap(rows),
    )
