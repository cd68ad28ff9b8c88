"""Values for one column: some that meet the conditions on it, some that just miss them, others."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sqlgrpo.databases.kinds import NUMBER_TEXT, kind
from sqlgrpo.databases.moments import DATES, HOURS, MOMENTS, is_moment, moments, moments_like
from sqlgrpo.databases.profile import Condition
from sqlgrpo.databases.quirks import to_sqlite
from sqlgrpo.parsers.lexer import Token, tokens
from sqlgrpo.parsers.schema import Column, Table
from sqlgrpo.types import Quirks

WORDS = (
    *("ada", "bo", "cyd", "dot", "eve", "fay", "gus", "Bo", "b", "", "10", "9", "a b", "x_y"),
    *("é", "a  b", "w" * 80),
)
INTEGERS = (
    *(1, 2, 3, 5, 0, 4, 8, -1, 10, 30, -7, 100, 2500, 70000),
    *(9_876_543_210, -12_345_678),
)
FRACTIONS = (
    *(1, 2, 0.5, 3, 1.5, -0.5, 0, 2.25, 10, 99.9, -3, 1000.25, 64000),
    *(0.0000123, -8_765_432.1, 9_876_543_210),
)
LETTERS = 20_000  # longest text that is made because a query mentions such a length
HUGE = 1e300
LARGEST = 2**60  # neighbours of larger numbers may not fit into 64 bits
NUMERIC_TEXTS = ("1.5", "10", "9", "2.75", "12x", "-3", "0")
PLAIN: dict[str, tuple[object, ...]] = {
    "integer": INTEGERS,
    "number": FRACTIONS,
    "text": WORDS,
    "date": DATES,
    "datetime": (*DATES, *(f"{day} {hour}" for day in DATES for hour in HOURS[:2])),
    "time": HOURS,
    "boolean": (0, 1),
    "any": (1, "ada", 2, "bo", 0, "10", 2.5, ""),
}
ODD: dict[str, tuple[object, ...]] = {
    "text": (
        " ada",
        "ada ",
        "ADA",
        "\u00c9t\u00e9",
        "\u03a9",
        "a\nb",
        "it's",
        "50%",
        "07",
        "x" * 300,
    ),
    "integer": (7, 45, -100, 1999, 123_456),
    "number": (7, 0.125, 45.678, -99.5, 1.0000001, 1.23456789012, 123_456.75),
}
TESTS: dict[str, Callable[[object, object], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
    "like": lambda a, b: bool(_like(str(b)).match(str(a))),
}


@dataclass(frozen=True, slots=True)
class Pool:
    """The values that one column may get."""

    hits: tuple[object, ...]
    """Meet every condition on the column, or failing that, at least one."""
    near: tuple[object, ...]
    """The constants in the conditions and their neighbours."""
    plain: tuple[object, ...]
    wide: bool = False
    """Choose from all plain values: the column is joined, aggregated or sorted by."""
    few: int = 0
    """Plain values in a narrow database, if not as many as its spread says."""
    odd: tuple[object, ...] = ()
    """Values that few queries care about, for the databases that hold everything."""
    kind: str = "integer"


def allowed(found: Pool, table: Table, column: Column, *, casefold: bool) -> Pool:
    """Only the values that pass the CHECKs on this column alone (SQLite says which)."""
    others = [c.name.lower() for c in table.columns if c is not column]
    checks = [
        to_sqlite(check, "sqlite", Quirks(casefold_text=casefold))
        for check in table.checks
        if not any(token.name.lower() in others for token in tokens(check) if _may_name(token))
    ]
    if not checks:
        return found
    name = '"' + column.name.replace('"', '""') + '"'
    test = f"SELECT {' AND '.join(f'({check})' for check in checks)} FROM (SELECT ? AS {name})"
    connection = sqlite3.connect(":memory:")

    def passes(value: object) -> bool:
        try:
            return bool(connection.execute(test, (value,)).fetchone()[0] != 0)
        except sqlite3.Error:
            return True  # a CHECK on something else

    parts = (found.hits, found.near, found.plain, found.odd)
    hits, near, plain, odd = (tuple(v for v in part if passes(v)) for part in parts)
    connection.close()
    everything = tuple(_once((*hits, *near, *plain))) or found.plain
    return replace(found, hits=hits, near=near, plain=plain or everything, odd=odd)


def _may_name(token: Token) -> bool:
    return token.kind in ("word", "name", "double")


def pool(column: Column, conditions: list[Condition], *, casefold: bool) -> Pool:
    """The values for a column, all of the class that its type promises."""
    of = kind(column, conditions)
    plain, odd = PLAIN[of], ODD.get(of, ())
    near = [v for c in conditions for v in _legal(column, c, of)]
    if casefold:
        near = [v.lower() if isinstance(v, str) else v for v in near]
        plain, odd = (
            tuple(v.lower() if isinstance(v, str) else v for v in part) for part in (plain, odd)
        )
    near = list(_once(near))
    direct = [c for c in conditions if not c.through]
    every = (*near, *plain)
    hits = [v for v in every if all(_meets(v, c, of) for c in direct)] if direct else []
    hits = hits or [v for v in every if any(_meets(v, c, of) for c in direct)]
    return Pool(
        hits=tuple(_once(hits or near)),
        near=tuple(near),
        plain=tuple(_once(plain)),
        odd=tuple(_once(odd)),
        kind=of,
    )


def _legal(column: Column, condition: Condition, of: str) -> list[object]:
    """The neighbours of a constant; only ISO texts in a DATE-like column, if the gold's own
    constants are no others."""
    found = list(neighbours(condition, of))
    if of not in MOMENTS or column.affinity == "text":
        return found
    legal: list[object] = [value for value in found if is_moment(value, of)]
    return legal if legal or condition.guest else found


def neighbours(condition: Condition, of: str) -> Iterator[object]:
    """The constant of a condition and the values around it, in the column's class."""
    value = condition.value
    if condition.operator == "date":
        return
    if condition.through == "length" and isinstance(value, int) and of == "text":
        sizes = (value, value + 1, value - 1)
        yield from ("x" * size for size in sizes if 0 <= size <= LETTERS)
        return
    if condition.operator == "cast":
        yield from NUMERIC_TEXTS if of == "text" else ()
        return
    if of == "boolean":
        yield from (0, 1)
        return
    if of in ("integer", "number"):
        number = _number(value)
        if number is not None:
            yield from _numbers(number, whole=of != "number")
        return
    if condition.operator == "like":
        if of in MOMENTS:
            yield from moments_like(str(value), _like(str(value)), of)
        yield from _like_texts(str(value))
    elif of in MOMENTS:
        yield from moments(str(value), of)
    elif isinstance(value, str):
        yield from _texts(value, condition.through)
        if of == "any" and NUMBER_TEXT.match(value):
            yield from _numbers(float(value), whole=False)
    elif of == "any":
        yield from _numbers(value, whole=False)  # type: ignore[arg-type]
    elif isinstance(value, (int, float)):  # text compared with a number is compared as text
        yield from (str(v) for v in _numbers(value, whole=isinstance(value, int)))
        yield from (f"{value}0", f"{value}x", f" {value}")


def _numbers(value: float, *, whole: bool) -> Iterator[object]:
    if not abs(value) < LARGEST:
        yield from () if whole or not abs(value) < HUGE else (float(value), 2.0 * value)
        return
    exact = int(value) if whole or float(value).is_integer() else value
    yield from (exact, exact + 1, exact - 1)
    if not whole:
        yield from (exact + 0.5, exact - 0.5)
    elif exact != value:
        yield exact + 2
    yield from (exact * 2, -exact, exact + 7, exact - 10)


def _texts(value: str, through: str) -> Iterator[object]:
    if through in ("lower", "upper"):
        yield from (value.lower(), value.upper(), value.title())
    if through == "beside":
        yield from (f"a{value}b", f"{'x' * 9}{value}x", value + value)
    yield value
    yield from (value.swapcase(), value + "x", "x" + value, value[:-1], value + " ", value[1:])
    if value[:-1]:
        yield value[:-1] + chr((ord(value[-1]) + 1) % 0x250)


def _like_texts(pattern: str) -> Iterator[object]:
    yield pattern  # which it matches, whatever it escapes
    body = pattern.replace("_", "q")
    yield from (body.replace("%", filler) for filler in ("", "zz", "a b"))
    parts = [part for part in body.split("%") if part]
    for part in parts:
        yield from (part, part + "x", "x" + part, part[:-1], part[1:] + "x")
    yield from ("x".join(parts), " ".join(reversed(parts)), pattern.replace("_", ""))
    yield body.replace("%", "").swapcase()


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)):
        return value
    return float(value) if isinstance(value, str) and NUMBER_TEXT.match(value) else None


def _meets(value: object, condition: Condition, of: str) -> bool:
    wanted = condition.value
    if of in ("integer", "number", "boolean"):
        wanted = _number(wanted)
    elif isinstance(value, str) and isinstance(wanted, (int, float)):
        wanted = str(wanted)
    if isinstance(value, str) != isinstance(wanted, str) or wanted is None:
        return condition.operator == "!="
    return TESTS[condition.operator](value, wanted)


def _like(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    text = "".join(parts.get(char, re.escape(char)) for char in pattern)
    return re.compile(text + r"\Z", re.IGNORECASE | re.DOTALL)


def _once(values: Iterable[object]) -> Iterator[object]:
    """Each value once; 1 and 1.0 count as one."""
    return iter(dict.fromkeys(values))
