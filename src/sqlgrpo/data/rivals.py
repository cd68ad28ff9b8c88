"""Trivial queries that a gold must be told from: otherwise guessing them would earn the reward."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sqlglot import exp

from sqlgrpo.parsers.reading import SqlSyntaxError, read
from sqlgrpo.types import Example

CONSTANTS = ("SELECT 0", "SELECT 1", "SELECT NULL")


@lru_cache(maxsize=1_024)
def rivals(example: Example) -> tuple[str, ...]:
    """Constants, no rows at all, and the gold without its conditions, in the gold's dialect.

    >>> gold = "SELECT name FROM city WHERE id > 1"
    >>> example = Example(id="1", question="", schema="", gold_sql=gold)
    >>> print(*rivals(example)[3:], sep=chr(10))
    SELECT * FROM (SELECT name FROM city WHERE id > 1) AS gold WHERE 1 = 0
    SELECT name FROM city
    """
    try:
        gold = read(example.gold_sql, example.dialect, example.quirks)
    except SqlSyntaxError:
        return ()
    nothing = f"SELECT * FROM ({example.gold_sql}) AS gold WHERE 1 = 0"
    return (*CONSTANTS, nothing, *(query.sql(example.dialect) for query in _unconditional(gold)))


def _unconditional(gold: exp.Query) -> Iterator[exp.Query]:
    for clause in ("where", "having"):
        condition = gold.args.get(clause) if isinstance(gold, exp.Select) else None
        if condition and condition.find(exp.Column, exp.AggFunc):
            without = gold.copy()
            without.set(clause, None)
            yield without
