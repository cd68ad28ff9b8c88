"""What the verdicts on an example depend on: a key that is quick to compare and to send."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from pathlib import Path

from sqlgrpo.types import Example, Quirks

Key = tuple[str, str, str, str, tuple[bool, ...]]
QUIRKS = tuple(field.name for field in fields(Quirks))
FLAGS = attrgetter(*QUIRKS)


def identity(example: Example) -> Key:
    """What suite and outcomes depend on; the question and the id do not matter."""
    return (
        example.schema,
        example.gold_sql,
        example.dialect,
        str(example.database or ""),
        FLAGS(example.quirks),
    )


def example_of(key: Key) -> Example:
    """An example with this identity, without the question and the id.

    >>> example = Example(id="", question="", schema="CREATE TABLE t (a)", gold_sql="SELECT 1")
    >>> example_of(identity(example)) == example
    True
    """
    schema, gold_sql, dialect, database, flags = key
    return Example(
        id="",
        question="",
        schema=schema,
        gold_sql=gold_sql,
        dialect=dialect,
        database=Path(database) if database else None,
        quirks=Quirks(**dict(zip(QUIRKS, flags, strict=True))),
    )
