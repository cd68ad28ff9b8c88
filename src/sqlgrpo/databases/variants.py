"""Databases like one that says much, but for one thing: an empty table, a column of one value, a
table whose rows refer to each other in one long chain.

What the gold returns on them stays as it was, as far as it does not hang on just that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import product
from typing import TypeGuard

from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.doubts import MOST_LETTERS, Doubts
from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.links import groups, own_links
from sqlgrpo.databases.profile import Place, Profile
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.parsers.schema import Column, Schema, Table

FIXED = 6  # constants of which a whole column is made
STARTS = 2  # constants at which a chain begins
COUNTED = 2  # numbers of rows in which a column has a value
WINDOWS = 6  # choices of these rows
LEVEL = 3  # ranked columns that are made of one value, or of none
LARGEST = 2**63  # what no INTEGER of SQLite reaches
Change = Callable[[Column, object], object]


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float))


def variants(
    contents: Contents, schema: Schema, profile: Profile, found: Doubts
) -> Iterator[Contents]:
    """A variant or two for each table, column and constant that is in doubt, for columns that rows
    are ranked by, and for tables that refer to themselves."""
    for table in found.tables:
        yield without(contents, schema, table)
    for place in found.columns:
        bare = changed(contents, schema, {place}, emptied)
        at = position(schema, place)[0]
        yield from (bare, with_rows(bare, at, bare.tables[at][:1]))
        for size in found.sizes[:COUNTED]:
            yield from _in_rows(contents, schema, place, size)
    group = groups(schema, profile)
    bound = _unique(schema) | group.keys()
    for place, value in found.values[:FIXED]:
        column = schema.column(*place)
        if column is not None and _may_hold(column, value):
            for one in _ending_in(contents, schema, place, value, group):
                yield one
                yield _alone(one, schema, place, value)
            for near in (value + 1, value - 1) if is_number(value) and place not in bound else ():
                if _may_hold(column, near):
                    yield _of_one_value(contents, schema, place, near)
        elif column is not None and isinstance(value, int) and 0 < value <= MOST_LETTERS:
            yield from _in_one_row(contents, schema, place, "q" * value)
    for place in sorted(profile.measured)[:LEVEL]:
        yield changed(contents, schema, {place}, emptied)
        if place not in bound:
            yield _level(contents, schema, place)
    for own, other in own_links(schema, profile):
        starts = _constants(profile, own, other)
        members = {other, *(p for p, n in group.items() if n == group.get(other))}
        for backwards, start in product((False, True), starts):
            moved = _from(contents, schema, other, start, members, backwards=backwards)
            yield _chained(moved, schema, own, other, backwards=backwards)


def without(contents: Contents, schema: Schema, name: str) -> Contents:
    """With one table empty; what refers to it is NULL if that is possible."""
    orphans = {
        (table.name.lower(), column.lower())
        for table in schema.tables
        for key in table.foreign_keys
        for column in key.columns
        if key.table.lower() == name
    }
    pairs = zip(schema.tables, contents.tables, strict=True)
    tables = tuple(() if table.name.lower() == name else rows for table, rows in pairs)
    return changed(Contents(tables, reverse=contents.reverse), schema, orphans, emptied)


def _in_rows(contents: Contents, schema: Schema, place: Place, count: int) -> Iterator[Contents]:
    """With a value in just so many rows of the column, these or those, and NULL in the others."""
    table, column = position(schema, place)
    rows = [row for row in contents.tables[table] if row[column] is not None]
    if len(rows) < count or schema.tables[table].columns[column].not_null:
        return
    for start in range(0, len(rows), max(len(rows) // WINDOWS, 1)):
        kept = {id(row) for row in (*rows, *rows)[start : start + count]}
        made = (
            row if id(row) in kept else (*row[:column], None, *row[column + 1 :])
            for row in contents.tables[table]
        )
        yield with_rows(contents, table, tuple(made))


def emptied(column: Column, value: object) -> object:
    return value if column.not_null else None


def changed(
    contents: Contents, schema: Schema, places: Collection[Place], change: Change
) -> Contents:
    """With every value of some columns changed."""
    tables = [
        _changed(table, rows, places, change)
        for table, rows in zip(schema.tables, contents.tables, strict=True)
    ]
    return Contents(tuple(tables), reverse=contents.reverse)


def _changed(
    table: Table, rows: tuple[Row, ...], places: Collection[Place], change: Change
) -> tuple[Row, ...]:
    columns = {
        number: column
        for number, column in enumerate(table.columns)
        if (table.name.lower(), column.name.lower()) in places
    }
    if not columns:
        return rows
    return tuple(
        tuple(change(columns[n], v) if n in columns else v for n, v in enumerate(row))
        for row in rows
    )


def _ending_in(
    contents: Contents, schema: Schema, place: Place, value: object, group: dict[Place, int]
) -> Iterator[Contents]:
    """With nothing but the value in the column, and with the value in one row or as sum; in a key,
    with the value first, last and as sum."""
    if place not in group and place not in _unique(schema):
        yield _of_one_value(contents, schema, place, value)
        yield from _in_one_row(contents, schema, place, value)
        return
    at = position(schema, place)
    numbers = [v for row in contents.tables[at[0]] if isinstance(v := row[at[1]], int)]
    if not numbers or not isinstance(value, int):
        return
    members = {place, *(p for p, n in group.items() if n == group.get(place))}
    for end in (max(numbers), min(numbers)):
        yield changed(contents, schema, members, partial(shifted, value - end))
    last = max(numbers)
    rest = sum(numbers) - last * numbers.count(last)
    if not (value - rest) % numbers.count(last):
        new = (value - rest) // numbers.count(last)
        yield changed(contents, schema, members, lambda _, old: new if old == last else old)


def _of_one_value(contents: Contents, schema: Schema, place: Place, value: object) -> Contents:
    return changed(contents, schema, {place}, lambda _column, _old: value)


def _in_one_row(
    contents: Contents, schema: Schema, place: Place, value: object
) -> Iterator[Contents]:
    """With the value in the first or the last row, beside all others, beside those that are not
    larger or not smaller, or so that it is the sum."""
    table, column = position(schema, place)
    rows = contents.tables[table]
    for at in dict.fromkeys((0, len(rows) - 1)) if rows else ():
        others = (*rows[:at], *rows[at + 1 :])
        made = [(value, others)]
        if is_number(value):
            numbers = [v for row in others if is_number(v := row[column])]
            made.append((value, _within(others, column, -math.inf, value)))
            made.append((value, _within(others, column, value, math.inf)))
            made.append((value - sum(numbers), others))
        for new, beside in dict.fromkeys(made):
            if _may_hold(schema.tables[table].columns[column], new):
                row = (*rows[at][:column], new, *rows[at][column + 1 :])
                yield with_rows(contents, table, (row, *beside))


def _within(rows: Sequence[Row], column: int, low: float, high: float) -> tuple[Row, ...]:
    """The rows whose number lies between two, or that have none."""
    return tuple(row for row in rows if not is_number(v := row[column]) or low <= v <= high)


def shifted(far: float, _column: Column, value: object) -> object:
    moved = value + far if isinstance(value, int) else value
    return moved if not is_number(moved) or abs(moved) < LARGEST else value


def _level(contents: Contents, schema: Schema, place: Place) -> Contents:
    """With one value in the column, and no value in its last row."""
    table, column = position(schema, place)
    rows = contents.tables[table]
    value = next((row[column] for row in rows if row[column] is not None), None)
    level = [(*row[:column], value, *row[column + 1 :]) for row in rows]
    if rows and not schema.tables[table].columns[column].not_null:
        level[-1] = (*rows[-1][:column], None, *rows[-1][column + 1 :])
    return with_rows(contents, table, tuple(level))


def _constants(profile: Profile, own: Place, other: Place) -> list[int | None]:
    """Where a chain may begin: at a key that a query names, or anywhere."""
    named = [c.value for place in (own, other) for c in profile.conditions.get(place, ())]
    found: list[int | None] = [*dict.fromkeys(v for v in named if type(v) is int)]
    return found[:STARTS] or [None]


def _from(
    contents: Contents,
    schema: Schema,
    place: Place,
    start: int | None,
    members: Collection[Place],
    *,
    backwards: bool,
) -> Contents:
    """With keys from ``start`` on; as they are where that would change nothing."""
    table, at = position(schema, place)
    keys = [key for row in contents.tables[table] if isinstance(key := row[at], int)]
    end = (max if backwards else min)(keys, default=start)
    if start is None or end is None:
        return contents
    return changed(contents, schema, members, partial(shifted, start - end))


def _chained(
    contents: Contents, schema: Schema, own: Place, other: Place, *, backwards: bool
) -> Contents:
    """With each row of a table referring to the row with the next key, so that it is as deep as it
    has rows."""
    table, refers = position(schema, own)
    at = position(schema, other)[1]
    rows = [row for row in contents.tables[table] if isinstance(row[at], (int, str))]
    rows.sort(key=lambda row: (str(type(row[at])), row[at]), reverse=backwards)
    keys = [row[at] for row in rows]
    first = keys[0] if keys and schema.tables[table].columns[refers].not_null else None
    before = [first, *keys[:-1]]
    chain = [
        (*row[:refers], value, *row[refers + 1 :]) for row, value in zip(rows, before, strict=False)
    ]
    return with_rows(contents, table, tuple(chain))


def _alone(contents: Contents, schema: Schema, place: Place, value: object) -> Contents:
    """With only one row of the table, one that has the value."""
    table, column = position(schema, place)
    rows = tuple(row for row in contents.tables[table] if row[column] == value)[:1]
    return with_rows(contents, table, rows)


def with_rows(contents: Contents, table: int, rows: tuple[Row, ...]) -> Contents:
    tables = (*contents.tables[:table], rows, *contents.tables[table + 1 :])
    return Contents(tables, reverse=contents.reverse)


def position(schema: Schema, place: Place) -> tuple[int, int]:
    """The numbers of a table and of its column."""
    number = [table.name.lower() for table in schema.tables].index(place[0])
    return number, [c.name.lower() for c in schema.tables[number].columns].index(place[1])


def _unique(schema: Schema) -> set[Place]:
    keys = [(t.name.lower(), key) for t in schema.tables for key in (t.primary_key, *t.uniques)]
    return {(name, column.lower()) for name, key in keys for column in key}


def _may_hold(column: Column, value: object) -> bool:
    """Whether the value is of the class that the column's type promises."""
    of = kind(column, [])
    if is_number(value) and abs(value) >= LARGEST:
        return False
    if of in ("integer", "boolean"):
        return isinstance(value, int) and (of == "integer" or value in (0, 1))
    if of == "number":
        return isinstance(value, (int, float))
    return of == "any" or (of == "text" and isinstance(value, str))
