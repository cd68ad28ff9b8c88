"""Databases like one that says much, but for one thing: an empty table, a column of one value.

What the gold returns on them stays as it was, as far as it does not hang on just that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.doubts import Doubts
from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.links import groups
from sqlgrpo.databases.profile import Place, Profile
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.parsers.schema import Column, Schema, Table

FIXED = 6  # constants of which a whole column is made
Change = Callable[[Column, object], object]


def variants(
    contents: Contents, schema: Schema, profile: Profile, found: Doubts
) -> Iterator[Contents]:
    """A variant or two for each table, column and constant that is in doubt."""
    for table in found.tables:
        yield without(contents, schema, table)
    for place in found.columns:
        yield changed(contents, schema, {place}, emptied)
    group = groups(schema, profile)
    for place, value in found.values[:FIXED]:
        column = schema.column(*place)
        if column is not None and _may_hold(column, value):
            for one in _ending_in(contents, schema, place, value, group):
                yield one
                yield _alone(one, schema, place, value)


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
    """With nothing but the value in the column; in a key, with the value first, last and as sum."""
    if place not in group and place not in _unique(schema):
        yield changed(contents, schema, {place}, lambda _column, _old: value)
        return
    at = _at(schema, place)
    numbers = [v for row in contents.tables[at[0]] if isinstance(v := row[at[1]], int)]
    if not numbers or not isinstance(value, int):
        return
    members = {place, *(p for p, n in group.items() if n == group.get(place))}
    for end in (max(numbers), min(numbers)):
        yield changed(contents, schema, members, partial(_moved, value - end))
    last = max(numbers)
    rest = sum(numbers) - last * numbers.count(last)
    if not (value - rest) % numbers.count(last):
        new = (value - rest) // numbers.count(last)
        yield changed(contents, schema, members, lambda _, old: new if old == last else old)


def _moved(far: int, _column: Column, value: object) -> object:
    return value + far if isinstance(value, int) else value


def _alone(contents: Contents, schema: Schema, place: Place, value: object) -> Contents:
    """With only one row of the table, one that has the value."""
    table, column = _at(schema, place)
    tables = list(contents.tables)
    tables[table] = tuple(row for row in tables[table] if row[column] == value)[:1]
    return Contents(tuple(tables), reverse=contents.reverse)


def _at(schema: Schema, place: Place) -> tuple[int, int]:
    """The numbers of a table and of its column."""
    number = [table.name.lower() for table in schema.tables].index(place[0])
    return number, [c.name.lower() for c in schema.tables[number].columns].index(place[1])


def _unique(schema: Schema) -> set[Place]:
    keys = [(t.name.lower(), key) for t in schema.tables for key in (t.primary_key, *t.uniques)]
    return {(name, column.lower()) for name, key in keys for column in key}


def _may_hold(column: Column, value: object) -> bool:
    """Whether the value is of the class that the column's type promises."""
    of = kind(column, [])
    if of in ("integer", "boolean"):
        return isinstance(value, int) and (of == "integer" or value in (0, 1))
    if of == "number":
        return isinstance(value, (int, float))
    return of == "any" or (of == "text" and isinstance(value, str))
