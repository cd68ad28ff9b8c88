"""Larger databases made from small ones: copy after copy, with keys moved on so that they differ.

Whatever rows meet a query's conditions in one database do so in every copy. So answers, groups and
tables grow to any size that a prediction speaks of, whatever the gold asks of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from functools import partial

from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.kinds import DATE_TEXT, kind
from sqlgrpo.databases.links import groups
from sqlgrpo.databases.profile import Place, Profile
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.parsers.lexer import tokens
from sqlgrpo.parsers.schema import Column, Schema, Table

MOVABLE = 2**40
"""Larger numbers stay as they are: their copies might not fit into 64 bits."""
Move = Callable[[object, int], object]


def copied(
    contents: Contents,
    schema: Schema,
    moved: Collection[Place],
    times: int,
    most: Mapping[str, int],
) -> Contents:
    """The contents so many times over, with other values in the moved columns of each copy.

    No table gets more rows than ``most`` says.
    """
    step = _step(contents)
    tables = []
    for table, rows in zip(schema.tables, contents.tables, strict=True):
        name = table.name.lower()
        moves: dict[int, Move] = {
            number: partial(_moved, kind=kind(column, []), step=step)
            for number, column in enumerate(table.columns)
            if (name, column.name.lower()) in moved
        }
        made = list(rows)
        for copy in range(1, times if rows else 0):
            if len(made) >= most[name]:
                break
            made += (_row(row, moves, copy) for row in rows)
        tables.append(tuple(made[: most[name]]))
    return Contents(tuple(tables), reverse=contents.reverse)


def keys(schema: Schema, profile: Profile) -> set[Place]:
    """The columns that must differ between copies, with all that refer to them or join them."""
    group = groups(schema, profile)
    found: set[Place] = set()
    for table in schema.tables:
        for names in (table.primary_key, *table.uniques):
            places = [(table.name.lower(), name.lower()) for name in names]
            if places and not any(place in found for place in places):
                free = [p for p in places if not profile.conditions.get(p)]
                found |= _with_group((free or places)[-1], group)
    return found


def own_keys(table: Table) -> set[Place]:
    """The columns that must differ between the copies of a table, where they refer to no other."""
    refers = {name.lower() for key in table.foreign_keys for name in key.columns}
    unique = [[name.lower() for name in key] for key in (table.primary_key, *table.uniques)]
    return {
        (table.name.lower(), name)
        for names in unique
        for name in [n for n in names if n not in refers][-1:]
    }


def free(schema: Schema, profile: Profile) -> set[Place]:
    """The keys, and the columns that nothing is asked of."""
    found = keys(schema, profile)
    group = groups(schema, profile)
    for place in _changeable(schema):
        members = _with_group(place, group)
        if not any(profile.conditions.get(member) for member in members):
            found |= members
    return found


def everything(schema: Schema, profile: Profile) -> set[Place]:
    """Every column that may differ, even if copies then meet no condition."""
    return keys(schema, profile) | set(_changeable(schema))


def _changeable(schema: Schema) -> list[Place]:
    return [
        (table.name.lower(), column.name.lower())
        for table in schema.tables
        for column in table.columns
        if not _is_checked(table, column) and kind(column, []) not in ("boolean", "time")
    ]


def _is_checked(table: Table, column: Column) -> bool:
    name = column.name.lower()
    return any(token.name.lower() == name for check in table.checks for token in tokens(check))


def _with_group(place: Place, group: dict[Place, int]) -> set[Place]:
    number = group.get(place)
    return {place} | {other for other, n in group.items() if n == number and number is not None}


def _row(row: Row, moves: dict[int, Move], copy: int) -> Row:
    values = list(row)
    for number, move in moves.items():
        values[number] = move(row[number], copy)
    return tuple(values)


def _step(contents: Contents) -> int:
    """More than the distance of any two numbers, so that no copy meets another."""
    numbers = [
        abs(value)
        for rows in contents.tables
        for row in rows
        for value in row
        if isinstance(value, (int, float)) and abs(value) < MOVABLE
    ]
    return 2 * int(max(numbers, default=0)) + 1


def _moved(value: object, copy: int, *, kind: str, step: int) -> object:
    if isinstance(value, (int, float)):
        return value + copy * step if abs(value) < MOVABLE else value
    if not isinstance(value, str) or kind == "time":
        return value
    if kind in ("date", "datetime"):
        return _later(value, copy)
    return f"{value}~{copy}"


def _later(value: str, days: int) -> str:
    if not DATE_TEXT.match(value):
        return value
    try:
        return (date.fromisoformat(value[:10]) + timedelta(days=days)).isoformat() + value[10:]
    except (ValueError, OverflowError):
        return value
