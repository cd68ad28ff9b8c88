"""Constants in a prediction of which its profile does not say what they are compared with.

They stand in VALUES, in CASE, in a CTE, in quotes that SQLite takes for a string, or in syntax
that sqlglot does not read. So they are tried in every column that the queries use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from sqlgrpo.databases.profile import Condition, Place, Profile
from sqlgrpo.parsers.lexer import Token, tokens
from sqlgrpo.parsers.schema import Schema

MOST = 8  # constants of one prediction that are followed
START = Token("mark", ";", 0)


def strangers(text: str, gold: str, profile: Profile, schema: Schema) -> list[object]:
    """The constants that neither the profile nor the gold knows."""
    known: set[object] = {c.value for found in profile.conditions.values() for c in found}
    known |= profile.counts
    names = {c.name.lower() for table in schema.tables for c in table.columns}
    known |= names | {table.name.lower() for table in schema.tables}
    known |= set(_constants(gold))
    new = (value for value in dict.fromkeys(_constants(text)) if value not in known)
    return [value for value, _ in zip(new, range(MOST), strict=False)]


def everywhere(values: list[object], text: str, profile: Profile, schema: Schema) -> Profile:
    """The profile with each value compared with every column in use that may hold it."""
    conditions = defaultdict(list, {place: list(c) for place, c in profile.conditions.items()})
    for place in sorted(profile.used | _named(text, schema)):
        column = schema.column(*place)
        textual = column is not None and column.affinity not in ("integer", "real")
        for value in values:
            if textual or not isinstance(value, str):
                conditions[place].append(Condition("=", value, guest=True))
    return replace(profile, conditions=conditions)


def _named(text: str, schema: Schema) -> set[Place]:
    """The columns whose name and whose table's name occur, read or not."""
    words = {token.name.lower() for token in tokens(text)}
    places = ((t.name.lower(), c.name.lower()) for t in schema.tables for c in t.columns)
    return {place for place in places if words.issuperset(place)}


def _constants(sql: str) -> Iterator[object]:
    """Strings and numbers, those included that SQLite may take for names."""
    found = list(tokens(sql))
    escapes = {b.name for a, b in pairwise(found) if a.upper == "ESCAPE"}
    for before, token in pairwise([START, *found]):
        if token.kind == "string" or (token.kind == "double" and before.upper != "AS"):
            for mark in escapes:
                yield token.name.replace(mark, "")
            yield token.name
            if token.kind == "double":
                yield token.name.lower()
        elif token.kind == "number" and (value := _number(token.text)) is not None:
            yield value
            if isinstance(value, int):
                yield ~value


def _number(text: str) -> int | float | None:
    try:
        return int(text, 0) if text[:2] in ("0x", "0X") else int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None
