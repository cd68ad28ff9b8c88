"""Reads the compact notation in which the built-in schemas are written.

    doctor                                  a table, in words "doctor" and "doctors"
      id         key                        INTEGER PRIMARY KEY
      name       label    @person           TEXT NOT NULL, one of a shared pool of values
      specialty  category surgery|dentistry TEXT NOT NULL, with values that recur
      clinic_id  ref      clinic.id         a foreign key
      salary     amount   40000..90000/500  a number that can be added up, in steps of 500
      rating     level?   1.0..5.0/0.1      a number that cannot; ``?``: may be NULL
      beds (number of beds) amount 5..90    other words than the identifier's

A number with a point in its range is REAL, any other is INTEGER. ``!`` after a kind is UNIQUE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from sqlgrpo.data.builtin.topic import Entity, Field, Link, Topic, Value
from sqlgrpo.data.builtin.words import humanise, plural

TABLE = re.compile(r"(?P<name>\w+)(?: \((?P<one>[^,)]+)(?:, (?P<many>[^)]+))?\))?")
COLUMN = re.compile(
    r"  (?P<name>\w+)(?: \((?P<words>[^)]+)\))?"
    r" +(?P<kind>[a-z]+)(?P<mark>[?!]?)(?: +(?P<values>.+))?"
)
MOST_VALUES = 200

Pools = Mapping[str, tuple[str, ...]]


def read_topic(name: str, text: str, pools: Pools) -> Topic:
    """A topic from the notation."""
    blocks: list[tuple[re.Match[str], list[re.Match[str]]]] = []
    for line in filter(str.strip, text.splitlines()):
        if column := COLUMN.fullmatch(line.rstrip()):
            blocks[-1][1].append(column)
        elif table := TABLE.fullmatch(line.rstrip()):
            blocks.append((table, []))
        else:
            raise ValueError(f"{name}: neither a table nor a column: {line!r}")
    entities = tuple(_entity(table, columns, pools) for table, columns in blocks)
    targets = {
        (table["name"], column["name"]): column["values"]
        for table, columns in blocks
        for column in columns
        if column["kind"] == "ref"
    }
    links = _links(entities, targets)
    ddl = _ddl(entities, links, apart=name.endswith("2"))
    return Topic(name=name, ddl=ddl, entities=entities, links=links)


def _entity(table: re.Match[str], columns: list[re.Match[str]], pools: Pools) -> Entity:
    one = table["one"] or humanise(table["name"])
    fields = tuple(_field(table["name"], one, column, pools) for column in columns)
    names = {field.values for field in fields if field.words in {"name", "full name", "last name"}}
    return Entity(
        name=table["name"],
        one=one,
        many=table["many"] or plural(one),
        fields=fields,
        person=not names.isdisjoint((pools["person"], pools["surname"])),
    )


def _field(table: str, one: str, column: re.Match[str], pools: Pools) -> Field:
    values = read_values(column["kind"], column["values"] or "", pools)
    return Field(
        table=table,
        name=column["name"],
        kind=column["kind"],
        words=column["words"] or own_words(column["name"], one),
        values=values,
        nullable=column["mark"] == "?",
        unique=column["mark"] == "!",
        type=_type(column["kind"], column["values"] or ""),
    )


def own_words(name: str, one: str) -> str:
    """A column's words, without the table's: a team's "team_name" is its name.

    >>> own_words("team_name", "team"), own_words("home_town", "team"), own_words("team", "team")
    ('name', 'home town', 'team')
    """
    words = humanise(name)
    return words if words == f"{one} ID" else words.removeprefix(f"{one} ")


def _type(kind: str, values: str) -> str:
    if kind in {"key", "ref", "year"}:
        return "INTEGER"
    if kind in {"amount", "level"}:
        return "REAL" if "." in values.replace("..", "") else "INTEGER"
    return "TEXT"


def read_values(kind: str, text: str, pools: Pools) -> tuple[Value, ...]:
    """What stands after a kind: a pool, alternatives or a range.

    >>> read_values("level", "1.0..2.0/0.5", {})
    (1, 1.5, 2)
    """
    if kind in {"key", "ref"}:
        return ()
    if text.startswith("@"):
        return pools[text[1:]]
    if ".." not in text:
        return tuple(text.split("|"))
    low, _, rest = text.partition("..")
    high, _, step = rest.partition("/")
    if kind == "date":
        return _dates(date.fromisoformat(low), date.fromisoformat(high))
    return _steps(float(low), float(high), float(step or 1))


def _steps(low: float, high: float, step: float) -> tuple[Value, ...]:
    """Whole numbers are written without a point: people ask for 3, not for 3.0."""
    count = round((high - low) / step)
    thin = max(1, count // MOST_VALUES)
    exact = (round(low + index * step, 2) for index in range(0, count + 1, thin))
    return tuple(int(value) if value == int(value) else value for value in exact)


def _dates(low: date, high: date) -> tuple[str, ...]:
    thin = max(1, (high - low).days // MOST_VALUES)
    return tuple(
        (low + timedelta(days=days)).isoformat() for days in range(0, (high - low).days + 1, thin)
    )


def _links(
    entities: tuple[Entity, ...], targets: Mapping[tuple[str, str], str]
) -> tuple[Link, ...]:
    by_name = {entity.name: entity for entity in entities}
    links = []
    for (child, column), target in targets.items():
        parent, _, key = target.partition(".")
        links.append(
            Link(
                child=by_name[child],
                parent=by_name[parent],
                ref=_named(by_name[child], column),
                key=_named(by_name[parent], key),
            )
        )
    return tuple(links)


def _named(entity: Entity, name: str) -> Field:
    return next(field for field in entity.fields if field.name == name)


def _ddl(entities: tuple[Entity, ...], links: tuple[Link, ...], *, apart: bool) -> str:
    """CREATE TABLE statements; foreign keys stand in a column or ``apart`` at the end."""
    statements = []
    for entity in entities:
        own = [link for link in links if link.child is entity]
        inline = (
            {} if apart else {link.ref: f" REFERENCES {link.parent}({link.key})" for link in own}
        )
        parts = [_column_ddl(field) + inline.get(field, "") for field in entity.fields]
        if apart:
            parts += [
                f"FOREIGN KEY ({link.ref}) REFERENCES {link.parent}({link.key})" for link in own
            ]
        statements.append(f"CREATE TABLE {entity} ({', '.join(parts)});")
    return "\n".join(statements)


def _column_ddl(field: Field) -> str:
    if field.kind == "key":
        return f"{field} {field.type} PRIMARY KEY"
    required = "" if field.nullable else " NOT NULL"
    return f"{field} {field.type}{required}{' UNIQUE' if field.unique else ''}"
