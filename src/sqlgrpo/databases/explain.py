"""The smallest data on which a prediction and the gold part ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlgrpo.databases.build import Blueprint, quoted
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.links import parents_first
from sqlgrpo.databases.moments import MOMENTS, is_moment
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.databases.values import PLAIN
from sqlgrpo.parsers.schema import Column, Schema

TRIES = 800
"""Databases tried while shrinking; what is left after that is small enough to read."""
SHRINK_S = 2.0
"""Processor time after which it ends as well, because a query may be slow on every database."""
BACKWARDS = " (when rows without ORDER BY come last first: PRAGMA reverse_unordered_selects = ON)"
"""What a counterexample says that depends on the order of a scan."""
Test = Callable[[Contents], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """Rows that make the difference visible, and what each query returns on them."""

    inserts: tuple[str, ...]
    """Empty when the empty database is enough."""
    gold_rows: tuple[Row, ...]
    pred_rows: tuple[Row, ...]
    reason: str


def forwards(contents: Contents, differ: Test) -> Contents:
    """Contents that differ when they are read in the order of insertion, if that is possible."""
    backwards = tuple(tuple(reversed(rows)) for rows in contents.tables)
    tries = [Contents(tables) for tables in (contents.tables, backwards)]
    return next(filter(differ, tries), contents) if contents.reverse else contents


def shrunk(contents: Contents, blueprint: Blueprint, differ: Test) -> Contents:
    """Contents from which no row can go, and with as many plain values as possible."""
    tries, until = [TRIES], time.thread_time() + SHRINK_S

    def still(smaller: Contents) -> bool:
        tries[0] -= 1
        return tries[0] >= 0 and time.thread_time() < until and differ(smaller)

    contents = _fewer_rows(contents, still)
    contents = _simpler_values(contents, blueprint.schema, still)
    return blueprint.surviving(contents)


def inserts(contents: Contents, schema: Schema) -> tuple[str, ...]:
    """INSERT statements that rebuild the contents, parents before children."""
    rows = {t.name: rows for t, rows in zip(schema.tables, contents.tables, strict=True)}
    return tuple(
        f"INSERT INTO {quoted(table.name)} VALUES ({', '.join(map(literal, row))})"
        for table in parents_first(schema)
        for row in rows[table.name]
    )


def literal(value: object) -> str:
    """A value as SQL.

    >>> literal("it's"), literal(None), literal(1.5)
    ("'it''s'", 'NULL', '1.5')
    """
    if value is None:
        return "NULL"
    return (
        repr(value)
        if isinstance(value, (int, float))
        else "'" + str(value).replace("'", "''") + "'"
    )


def _fewer_rows(contents: Contents, still: Test) -> Contents:
    """Drop whole tables, then halves, down to single rows, as long as the difference stays."""
    for index in range(len(contents.tables)):
        size = len(contents.tables[index])
        while size >= 1:
            start = 0
            while start < len(contents.tables[index]):
                rows = contents.tables[index]
                smaller = _with(contents, index, rows[:start] + rows[start + size :])
                if still(smaller):
                    contents = smaller
                else:
                    start += size
            size //= 2
    return contents


def _simpler_values(contents: Contents, schema: Schema, still: Test) -> Contents:
    for index, table in enumerate(schema.tables):
        for number in range(len(contents.tables[index])):
            for position, column in enumerate(table.columns):
                row = contents.tables[index][number]
                for value in _simpler(row[position], column):
                    changed = (*row[:position], value, *row[position + 1 :])
                    rows = contents.tables[index]
                    smaller = _with(contents, index, (*rows[:number], changed, *rows[number + 1 :]))
                    if still(smaller):
                        contents = smaller
                        break
    return contents


def _simpler(value: object, column: Column) -> Iterator[object]:
    if value is not None and not column.not_null:
        yield None
    if isinstance(value, str) and (of := kind(column, [])) in MOMENTS:
        if is_moment(value, of) and value != PLAIN[of][0]:
            yield PLAIN[of][0]
    elif isinstance(value, str) and len(value) > 1:
        yield "a"
    elif isinstance(value, (int, float)) and value not in (0, 1):
        yield 1


def _with(contents: Contents, index: int, rows: tuple[Row, ...]) -> Contents:
    tables = (*contents.tables[:index], rows, *contents.tables[index + 1 :])
    return replace(contents, tables=tables)
