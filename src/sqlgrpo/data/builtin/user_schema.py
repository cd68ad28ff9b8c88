"""Topics from a user's CREATE TABLE statements, so that the same forms can ask about them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

import sqlparse

from sqlgrpo.data.builtin.guess import PEOPLE, kind_of, values_of
from sqlgrpo.data.builtin.notation import own_words
from sqlgrpo.data.builtin.topic import Entity, Field, Link, Topic
from sqlgrpo.data.builtin.words import humanise, is_plural, plural, singular
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.schema import Column, Schema, Table, parse_schema

CREATE_TABLE = re.compile(r"\s*CREATE\s+(\w+\s+)?TABLE\b", re.IGNORECASE)
PREFIX = re.compile(r"^(tbl|t)(?=_|[A-Z])_?")
ASKED = {"label", "category", "amount", "level", "year", "date", "text"}
MOST_TABLES = 4
"""Tables in one prompt, when a schema has too many columns to be shown whole."""
MOST_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class Statement:
    """One CREATE TABLE statement, and the table that it makes."""

    text: str
    table: Table


def read_user_schema(ddl: str, name: str, dialect: str = "sqlite") -> tuple[Topic, ...]:
    """The whole schema as a topic if it is small, and else each table with its neighbours."""
    schema = parse_schema(ddl, dialect)
    schema = Schema(tables=tuple(t for t in schema.tables if not t.name.startswith("sqlite_")))
    if not schema.tables:
        raise ExampleError("the schema declares no table of its own", kind="no_tables")
    known = {table.name for table in schema.tables}
    statements = [s for s in _statements(ddl, dialect) if s.table.name in known]
    entities = {table.name.lower(): _entity(table, schema) for table in schema.tables}
    if sum(len(table.columns) for table in schema.tables) <= MOST_COLUMNS:
        return (_topic(name, statements, entities),)
    windows = {
        frozenset(near): table
        for table in reversed(schema.tables)
        if (near := _neighbourhood(table, schema))
    }
    return tuple(
        _topic(
            f"{name}_{slug(table.name)}",
            [statement for statement in statements if statement.table.name.lower() in near],
            entities,
        )
        for near, table in reversed(windows.items())
    )


def slug(name: str) -> str:
    """A name as a part of an id."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def _statements(ddl: str, dialect: str) -> list[Statement]:
    return [
        Statement(text, parse_schema(text, dialect).tables[0])
        for text in map(str.strip, sqlparse.split(ddl))
        if CREATE_TABLE.match(sqlparse.format(text, strip_comments=True))
    ]


def _neighbourhood(table: Table, schema: Schema) -> list[str]:
    """The table, the tables it refers to, and those that refer to it, as far as there is room."""
    name = table.name.lower()
    parents = [key.table.lower() for key in table.foreign_keys if schema.table(key.table)]
    children = [
        other.name.lower()
        for other in schema.tables
        if any(key.table.lower() == name for key in other.foreign_keys)
    ]
    return list(dict.fromkeys([name, *parents, *children]))[:MOST_TABLES]


def _topic(name: str, statements: list[Statement], entities: dict[str, Entity]) -> Topic:
    shown = {s.table.name.lower(): entities[s.table.name.lower()] for s in statements}
    links = [link for s in statements for link in _links(s.table, shown)]
    return Topic(
        name=name,
        ddl="\n".join(statement.text for statement in statements),
        entities=tuple(shown.values()),
        links=tuple(links),
    )


def _links(table: Table, shown: dict[str, Entity]) -> list[Link]:
    links = []
    for foreign in table.foreign_keys:
        child, parent = shown[table.name.lower()], shown.get(foreign.table.lower())
        if parent is None or len(foreign.columns) != 1:
            continue
        target = foreign.references[0] if foreign.references else None
        ref, key = _named(child, foreign.columns[0]), _key(parent, target)
        if ref and key:
            links.append(Link(child=child, parent=parent, ref=ref, key=key))
    return links


def _named(entity: Entity, name: str) -> Field | None:
    return next((field for field in entity.fields if field.name.lower() == name.lower()), None)


def _key(entity: Entity, name: str | None) -> Field | None:
    if name:
        return _named(entity, name)
    return next((field for field in entity.fields if field.kind == "key"), None)


def _entity(table: Table, schema: Schema) -> Entity:
    noun = humanise(PREFIX.sub("", table.name)) or table.name
    one = singular(noun)
    fields = _distinct([_field(column, table, one) for column in table.columns], table)
    if not any(column.not_null for t in schema.tables for column in _plain(t)):
        fields = _filled(fields)
    many = noun if is_plural(noun) else plural(one)
    person = one.rpartition(" ")[2] in PEOPLE
    return Entity(name=table.name, one=one, many=many, fields=tuple(fields), person=person)


def _plain(table: Table) -> list[Column]:
    return [column for column in table.columns if column.name not in table.primary_key]


def _field(column: Column, table: Table, one: str) -> Field:
    kind = _kind(column, table)
    words = own_words(column.name, one)
    numeric = kind in {"amount", "level"}
    return Field(
        table=table.name,
        name=column.name,
        kind=kind,
        words=f"number of {words}" if numeric and _counts(words) else words,
        values=values_of(column, kind, table),
        nullable=not column.not_null,
        unique=(column.name,) in table.uniques,
        type=column.type,
    )


def _counts(words: str) -> bool:
    """Whether a number's name is what it counts, such as "beds" or "home goals"."""
    return is_plural(words) and not words.endswith(("sales", "savings", "earnings", "wages"))


def _kind(column: Column, table: Table) -> str:
    name = column.name.lower()
    if [name] == [key.lower() for key in table.primary_key]:
        return "key"
    if any(name in map(str.lower, foreign.columns) for foreign in table.foreign_keys):
        return "ref"
    return kind_of(column, table)


def _distinct(fields: list[Field], table: Table) -> list[Field]:
    """Full words where the short ones would name two columns of the table."""
    counts = Counter(field.words for field in fields)
    names = {column.name: humanise(column.name) for column in table.columns}
    return [
        field if counts[field.words] == 1 else replace(field, words=names[field.name])
        for field in fields
    ]


def _filled(fields: list[Field]) -> list[Field]:
    """For schemas that never say NOT NULL: only the last of several columns may be missing.

    Questions about order and groups need columns that are always filled in, questions about
    missing values need one that is not; without a word in the schema, this is our choice.
    """
    asked = [field for field in fields if field.kind in ASKED]
    loose = asked[-1] if len(asked) > 3 else None
    return [replace(field, nullable=field is loose) for field in fields]
