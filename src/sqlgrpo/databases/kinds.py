"""What kind of value a column holds, from its declared type and, if asked, from its use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlgrpo.databases.profile import Condition, Place, Profile
from sqlgrpo.parsers.schema import Column, ForeignKey, Schema, Table
from sqlgrpo.types import Quirks

DATED = re.compile(r"date|time|year", re.IGNORECASE)
NUMBERS = re.compile(r"num|dec|money|currency|fixed|serial|bit\b", re.IGNORECASE)
DATE_TEXT = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER_TEXT = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*\Z")


def kind(column: Column, conditions: list[Condition]) -> str:
    """``integer``, ``number``, ``text``, ``date``, ``datetime``, ``time``, ``boolean`` or ``any``.

    DATE and its like have numeric affinity in SQLite, but what people store there is text.
    """
    texts = [c.value for c in conditions if isinstance(c.value, str) and c.operator != "like"]
    if column.affinity == "integer":
        return "integer"
    if column.affinity == "real":
        return "number"
    if column.affinity == "text" or column.affinity == "blob":
        if any(c.operator == "date" for c in conditions):
            return "datetime" if column.affinity == "text" else "date"
        return _text_kind(texts) if column.affinity == "text" or texts else "any"
    name = column.type.lower()
    if "bool" in name:
        words = [c.value for c in conditions if isinstance(c.value, str) and not c.guest]
        return "boolean" if all(NUMBER_TEXT.match(word) for word in words) else "any"
    if match := DATED.search(name):
        if match.group() == "year":
            return "integer"
        if "datetime" in name or "timestamp" in name:
            return "datetime"
        return match.group()
    return "number" if NUMBERS.match(name) else "any"


def _text_kind(texts: list[str]) -> str:
    if any(DATE_TEXT.match(text) for text in texts):
        return "datetime"
    return "text"


def unknown_types(schema: Schema) -> list[str]:
    """A note on each column whose type says nothing, so that it holds numbers and text."""
    return [
        f"{table.name}.{column.name} has the unknown type {column.type}: numbers and text"
        for table in schema.tables
        for column in table.columns
        if column.type and kind(column, []) == "any"
    ]


def inferred(schema: Schema, profile: Profile, quirks: Quirks) -> Schema:
    """The schema that the queries seem to be about, if the example's quirks ask for it."""
    if quirks.infer_types:
        tables = (replace(t, columns=tuple(_retyped(t, profile))) for t in schema.tables)
        schema = Schema(tables=tuple(tables))
    return _with_keys(schema, profile) if quirks.infer_keys else schema


def _retyped(table: Table, profile: Profile) -> Iterator[Column]:
    for column in table.columns:
        place = (table.name.lower(), column.name.lower())
        direct = [c for c in profile.conditions.get(place, ()) if not c.through]
        values = [c.value for c in direct]
        words = [v for v in values if isinstance(v, str) and not NUMBER_TEXT.match(v)]
        numbers = [v for v in values if not isinstance(v, str)]
        if words and column.affinity in ("integer", "real", "numeric") and column.type:
            dated = kind(column, []) in ("date", "datetime", "time", "any")
            yield column if dated else replace(column, type="TEXT", affinity="text")
        elif column.affinity == "text" and not words and (numbers or place in profile.numeric):
            yield replace(column, type="NUMERIC", affinity="numeric")
        else:
            yield column


def _with_keys(schema: Schema, profile: Profile) -> Schema:
    """Guess ``id`` or ``city_id`` as the key of ``city``, and joins to it as foreign keys."""
    tables = {t.name.lower(): t for t in map(_with_primary_key, schema.tables)}
    ends = [*profile.joins, *((b, a) for a, b in profile.joins)]
    for child, parent in sorted(ends):
        table, target = tables.get(child[0]), tables.get(parent[0])
        if not table or not target or not _is_key(target, parent) or _is_key(table, child):
            continue
        key = ForeignKey(columns=(child[1],), table=target.name, references=(parent[1],))
        if not any(k.columns == key.columns for k in table.foreign_keys):
            tables[child[0]] = replace(table, foreign_keys=(*table.foreign_keys, key))
    return Schema(tables=tuple(tables.values()))


def _with_primary_key(table: Table) -> Table:
    name = table.name.lower()
    guesses = {"id", f"{name}_id", f"{name}id", f"{name.removesuffix('s')}_id"}
    first = table.columns[0]
    if table.primary_key or first.name.lower() not in guesses:
        return table
    columns = (replace(first, not_null=True), *table.columns[1:])
    return replace(table, primary_key=(first.name,), columns=columns)


def _is_key(table: Table, place: Place) -> bool:
    return tuple(c.lower() for c in table.primary_key) == (place[1],)
