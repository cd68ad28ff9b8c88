"""What verifiers share: the gold, and agreement between two lists of parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.schema import parse_schema
from sqlgrpo.parsers.sql import SqlSyntaxError, read
from sqlgrpo.types import Example


def readable_gold(example: Example) -> str:
    """The gold; raises ``ExampleError`` when it or the schema cannot be read."""
    parse_schema(example.schema, example.dialect)
    try:
        read(example.gold_sql, example.dialect, example.quirks)
    except SqlSyntaxError as error:
        raise ExampleError(f"gold: {error}", kind="gold_syntax") from error
    return example.gold_sql


def agreement(found: Iterable[str], wanted: Iterable[str]) -> float:
    """F1 of two multisets: what is missing costs, and so does what is too much.

    >>> agreement(["a", "b"], ["a", "b"]), agreement(["a"], ["b"]), agreement([], [])
    (1.0, 0.0, 1.0)
    >>> agreement(["a", "a", "a"], ["a"])
    0.5
    """
    counts, expected = Counter(found), Counter(wanted)
    total = counts.total() + expected.total()
    return 2 * (counts & expected).total() / total if total else 1.0


def difference(found: Iterable[str], wanted: Iterable[str]) -> str:
    """What is missing and what is too much, in a few words; empty when nothing is.

    >>> difference(["where", "limit"], ["where", "group by"])
    'missing group by; not in the gold: limit'
    """
    counts, expected = Counter(found), Counter(wanted)
    sides = [("missing", expected - counts), ("not in the gold:", counts - expected)]
    return "; ".join(f"{label} {_few(parts)}" for label, parts in sides if parts)


def _few(parts: Counter[str]) -> str:
    names = sorted(parts)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
