"""Values for random databases: the literals of the queries, their neighbours, and small ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

WORDS = ("a", "b", "A", "Ab", "ab", "", " ", "10", "9", "zz", "a b", "None", "0", "1.5", "07", "7b")
DAYS = ("2019-12-31", "2020-01-01", "2020-02-29", "2020-06-15", "2021-01-01", "2020-01-01 12:30:00")
Value = int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the next database looks; drawn anew for each one."""

    null_share: float
    copy_share: float
    most_rows: int
    least_rows: int = 0
    """Rows tried in every table; those that break a constraint are fewer."""
    pool_size: int
    aim: float
    """How often a column takes a value that a query compares it with."""
    loose: bool
    """Also values on which readers of the policy may disagree: fractions in INTEGER columns and
    dates as text in DATE columns."""


def draw_style(rng: random.Random, *, loose: bool = False) -> Style:
    """A random mixture: dense or sparse NULLs, many or few duplicates, small or larger tables."""
    return Style(
        null_share=rng.choice((0.0, 0.05, 0.2, 0.5)),
        copy_share=rng.choice((0.0, 0.2, 0.5)),
        most_rows=rng.choice((1, 2, 3, 4, 6, 9, 14)),
        pool_size=rng.choice((2, 3, 5, 8)),
        aim=rng.choice((0.0, 0.0, 0.3, 0.6, 0.9)),
        loose=loose and rng.random() < 0.5,
    )


def literals_of(*texts: str) -> tuple[list[str], list[float]]:
    """The strings and numbers written in queries and schemas, with their near neighbours.

    >>> texts, numbers = literals_of("x = 'Ann' AND y > 10")
    >>> "Ann" in texts, "ann" in texts, sorted(numbers)
    (True, True, [-11, 9, 10, 11])
    """
    words: dict[str, None] = {}
    numbers: dict[float, None] = {}
    for text in texts:
        for found in re.findall(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"", text):
            for word in _neighbours((found[0] or found[1]).replace("''", "'")):
                words[word] = None
        for found in re.findall(r"(?<![\w.'])\d+(?:\.\d+)?(?![\w'])", text):
            number = float(found) if "." in found else int(found)
            if abs(number) < 10**15:
                for near in (number, number - 1, number + 1, -number - 1):
                    numbers[near] = None
    return list(words), list(numbers)


def aims_of(*queries: str) -> dict[str, list[Value]]:
    """For each column name, in lower case, the constants that the queries compare it with.

    >>> aims_of("SELECT 1 FROM t WHERE City = 'Oslo' AND n > 3")
    {'city': ['Oslo'], 'n': [3, 2, 4]}
    """
    aims: dict[str, dict[Value, None]] = {}
    for query in queries:
        try:
            tree = sqlglot.parse_one(query, dialect="sqlite")
        except sqlglot.errors.SqlglotError:
            continue
        for node in tree.find_all(exp.Predicate):
            columns = [side for side in node.iter_expressions() if isinstance(side, exp.Column)]
            values = [v for side in node.iter_expressions() for v in _constants(side)]
            for column in columns:
                aims.setdefault(column.name.lower(), {}).update(dict.fromkeys(values))
    return {name: list(values) for name, values in aims.items() if values}


def _constants(node: exp.Expression) -> list[Value]:
    if isinstance(node, exp.Column) and node.this.args.get("quoted") and not node.table:
        return [node.name]
    if isinstance(node, exp.Literal) and node.is_string:
        return [node.name, node.name.replace("%", "").replace("_", "k")]
    if isinstance(node, exp.Literal):
        number = float(node.name)
        if number != int(number):
            return [number]
        return [int(number), int(number) - 1, int(number) + 1]
    return []


def _neighbours(word: str) -> Iterator[str]:
    for filled in ("", "q"):
        yield from (word.replace("%", filled).replace("_", one) for one in ("k", ""))
    yield from (word, word.upper(), word.lower(), word.swapcase(), f"{word} ", f" {word}")
    yield from (f"{word}x", f"x{word}", word[:-1], word[1:], word.strip())


def pools_for(
    literals: tuple[list[str], list[float]], rng: random.Random, style: Style
) -> dict[str, list[Value]]:
    """The values that one database draws from, by kind; few, so that they meet."""
    words, numbers = literals
    whole = [int(n) for n in numbers if n == int(n)]
    lengths = [n for n in whole if 5 <= n <= 200]
    texts = [*rng.sample(words, min(len(words), style.pool_size)), *words[: rng.randint(0, 3)]]
    texts += rng.sample(WORDS, rng.randint(1, style.pool_size))
    if rng.random() < 0.25:
        texts += [*rng.sample(DAYS, 1), *(_day(words, whole, rng) for _ in range(3))]
    if lengths and rng.random() < 0.15:
        texts += ["long" * 50, *("q" * n for n in rng.sample(lengths, min(len(lengths), 3)))]
    ints: list[Value] = [*rng.sample(whole, min(len(whole), style.pool_size))]
    ints += [rng.randint(-1, 4) for _ in range(style.pool_size)]
    if rng.random() < 0.2:
        ints += [rng.randint(-1000, 100_000), -rng.randint(1, 12)]
    reals: list[Value] = [*ints, *(n for n in numbers if n != int(n))]
    reals += [rng.randint(-4, 40) / 4 for _ in range(style.pool_size)]
    if rng.random() < 0.1:
        reals += [rng.uniform(-9, 99) for _ in range(3)]
    pools: dict[str, list[Value]] = {
        "text": list(texts),
        "integer": [*ints, 1.5, 2.5] if style.loose else ints,
        "real": reals,
        "numeric": reals if rng.random() < 0.5 else ints,
        "day": list(DAYS),
    }
    return pools


def _day(words: list[str], whole: list[int], rng: random.Random) -> str:
    """A date, with a year, month and day that the queries mention when they do."""
    digits = [int(word) for word in words if word.isdigit()] + whole
    years = [n for n in digits if 1800 <= n <= 2100] or [2019, 2020, 2021]
    months = [n for n in digits if 1 <= n <= 12] or [1, 6, 12]
    days = [n for n in digits if 1 <= n <= 28] or [1, 15, 28]
    shown = f"{rng.choice(years):04}-{rng.choice(months):02}-{rng.choice(days):02}"
    return shown + rng.choice(("", "", " 08:30:00"))
