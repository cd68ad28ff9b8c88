"""The values of one column, drawn from its pool as a flavour asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, islice
from random import Random

from sqlgrpo.databases.flavours import EVERYTHING, Flavour
from sqlgrpo.databases.values import Pool
from sqlgrpo.parsers.schema import Column

NUMERIC = ("integer", "real", "numeric")


def values_for(
    choice: Pool, column: Column, hits: list[bool], flavour: Flavour, rng: Random
) -> list[object]:
    if flavour.whole:
        choice = _whole(choice)
    few = len(choice.plain) if choice.wide and not flavour.narrow else choice.few or flavour.spread
    plain = choice.plain[:few]
    near = choice.near or plain
    if flavour.exact and flavour.spread > len(plain):
        plain += tuple(islice(_fresh(choice), flavour.spread - len(plain)))
    if flavour.odd and flavour.spread == EVERYTHING:
        plain += choice.odd
    if not flavour.hit:  # nobody meets a condition, not even by chance
        near = tuple(v for v in near if v not in choice.hits) or near
        plain = tuple(v for v in plain if v not in choice.hits) or plain
    null = 0.0 if column.not_null else flavour.null
    each = flavour.exact or flavour.spread == EVERYTHING
    rest = rng.sample(plain, len(plain)) if each else []
    values: list[object] = []
    for hit in hits:
        if rng.random() < (null / 2 if hit and choice.hits else null):
            values.append(None)
        elif hit and choice.hits:
            values.append(_skewed(choice.hits, rng))
        elif choice.near and rng.random() < 0.7:
            values.append(_skewed(near, rng))
        else:
            values.append(rest.pop() if rest else _skewed(plain, rng))
    return values


def distinct_values(
    choice: Pool, column: Column, number: int, flavour: Flavour, rng: Random
) -> list[object]:
    """Values for a unique column, with those that meet its conditions among them."""
    first = list(choice.hits)
    rng.shuffle(first)
    kept = first[: round(number * flavour.hit)]
    kept = list(dict.fromkeys((*choice.near, *kept))) if flavour.walk else kept
    taken = set(kept)
    more = islice(_fresh(choice), number + 4)
    rest = dict.fromkeys((*choice.hits, *choice.near, *choice.plain, *more))
    others = [value for value in rest if value not in taken]
    rng.shuffle(others)
    values = (kept + others)[:number]
    values += values[:1] * (number - len(values))  # no more are to be had: these rows go
    rng.shuffle(values)
    if not column.not_null and flavour.null and rng.random() < 0.5:
        nulls = max(2, round(len(values) * flavour.null))  # a unique column may have many
        values[:nulls] = [None] * min(nulls, len(values))
    return values


def _fresh(choice: Pool) -> Iterable[object]:
    """As many different values as anyone asks for; fewer where the kind has no more."""
    if choice.kind in ("date", "datetime"):
        return ((date(2000, 1, 1) + timedelta(days=n)).isoformat() for n in range(20_000))
    if choice.kind == "time":
        return (f"{n // 60:02}:{n % 60:02}:00" for n in range(1_440))
    if choice.kind == "boolean":
        return ()
    return (f"k{n}" for n in count(1)) if choice.kind == "text" else count(1)


def _whole(choice: Pool) -> Pool:
    """Only the numbers without fractions, as long as there are any."""
    parts = (choice.hits, choice.near, choice.plain)
    hits, near, plain = (tuple(v for v in part if not _broken(v)) or part for part in parts)
    return replace(choice, hits=hits, near=near, plain=plain)


def _broken(value: object) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _skewed(values: tuple[object, ...], rng: Random) -> object:
    """One of the values, the first more often than the last, so that groups differ in size."""
    return values[int(len(values) * rng.random() ** 1.6)]
