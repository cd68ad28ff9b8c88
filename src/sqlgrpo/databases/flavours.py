"""The kinds of database that are tried: how full, how varied, how often a condition is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

ODD_ROWS = 30  # enough for every value that a column is offered
EVERYTHING = 99  # more values than any column is offered: the odd ones come as often as the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    rows: int
    hit: float = 0.6
    """Chance that a value meets the conditions on its column."""
    null: float = 0.1
    spread: int = 4
    """Distinct values of a column without conditions."""
    orphan: float = 0.2
    """Chance that a joining value has no partner."""
    empty: float = 0.0
    """Chance that a table is empty."""
    exact: bool = False
    """Just so many rows, and values enough for the spread."""
    whole: bool = False
    """Numbers have no fractions."""
    narrow: bool = False
    """Even what is added up or sorted by has few values, and few parents have all the children."""
    walk: bool = False
    """Rows that meet every condition but for one column, which goes through all values near its
    conditions: so that no boundary is left to chance."""
    odd: bool = False
    """Also values that few queries care about."""


def flavours(rows: int) -> list[Flavour]:
    """The first databases to try, from plain to odd."""
    return [
        Flavour(rows=0),
        Flavour(rows=rows, hit=0.7, null=0.05, spread=8, orphan=0.1),
        Flavour(rows=4, hit=1.0, null=0.0, spread=6, orphan=0.0, walk=True),
        Flavour(rows=max(20, rows), hit=0.4, null=0.05, spread=EVERYTHING),
        Flavour(rows=rows, hit=0.55, null=0.15, spread=3, whole=True),
        Flavour(rows=rows, hit=0.85, null=0.1, spread=2, orphan=0.3, narrow=True),
        Flavour(rows=max(3, rows // 3), hit=0.8, null=0.0, spread=12, orphan=0.0, whole=True),
        Flavour(rows=rows, hit=0.6, null=0.35, spread=4, orphan=0.4),
        Flavour(rows=max(3, rows // 2), hit=0.7, null=0.1, spread=5, empty=0.35),
        Flavour(rows=rows, hit=0.15, null=0.05, spread=4),
        Flavour(rows=rows, hit=0.0, null=0.1, spread=6),
        Flavour(rows=rows, hit=0.7, null=0.05, spread=1, orphan=0.1),
        Flavour(rows=max(3, rows // 3), hit=0.7, null=1.0, spread=3, orphan=0.1),
    ]


def searching(rows: int) -> list[Flavour]:
    """The same for a prediction that passed the suite: with odd values, and none empty."""
    return [
        replace(f, odd=True, rows=max(ODD_ROWS, f.rows)) if f.spread == EVERYTHING else f
        for f in (replace(f, odd=f.walk) for f in flavours(rows)[1:])
    ]


def tiny() -> list[Flavour]:
    """So few rows that halves and thirds of them matter."""
    return [
        Flavour(rows=rows, hit=hit, null=0.0, spread=spread, orphan=0.0, exact=True)
        for rows, hit, spread in ((1, 1.0, 1), (2, 1.0, 2), (3, 1.0, 3), (5, 0.8, 2))
    ]


def random_flavour(rows: int, rng: Random) -> Flavour:
    return Flavour(
        rows=rows if rng.random() < 0.3 else rng.randint(1, max(2, rows)),
        hit=rng.choice((0.1, 0.3, 0.5, 0.7, 0.9)),
        null=rng.choice((0.0, 0.0, 0.1, 0.3, 0.6)),
        spread=rng.choice((1, 2, 3, 5, 12, EVERYTHING)),
        orphan=rng.choice((0.0, 0.2, 0.5)),
        empty=rng.choice((0.0, 0.0, 0.2)),
        whole=rng.random() < 0.25,
        narrow=rng.random() < 0.25,
    )


def sized(size: int, wanted: Iterable[tuple[int, int]]) -> list[Flavour]:
    """Tables of just that many rows, or so many more; with so many different values (0: all)."""
    return [
        Flavour(rows=size + more, hit=1, null=0, spread=spread or size + more, orphan=0, exact=True)
        for more, spread in wanted
    ]


def large(size: int) -> list[Flavour]:
    """For a gold that speaks of many rows: at, above and well above that number."""
    some = Flavour(rows=3 * size + 3, hit=0.7, null=0.45, spread=1, orphan=0.1)
    alike = ((0, 1), (1, 1), (2, 1), (0, 0), (1, 0), (2, 0))
    return [*sized(size, alike), some, replace(some, null=0.05, spread=4)]
