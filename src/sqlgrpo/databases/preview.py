"""What a query does on a small made-up database: all that a model may see between its turns.

Nothing here is told the gold or the suite. The database is made from the schema and from the query
itself, so that feedback can give away neither.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.build import blueprint
from sqlgrpo.databases.contents import Contents, Maker
from sqlgrpo.databases.flavours import Flavour
from sqlgrpo.databases.kinds import inferred
from sqlgrpo.databases.profile import Profile
from sqlgrpo.databases.quirks import to_sqlite
from sqlgrpo.databases.sqlite import Row, Session, refusal
from sqlgrpo.databases.suite import profile_of
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.reading import SqlSyntaxError, read
from sqlgrpo.parsers.schema import Schema, parse_schema
from sqlgrpo.types import Quirks

SEED = "preview"
"""Its own seed: suites are made with ``suite.seed`` and a hash of the gold."""
FLAVOUR = Flavour(rows=10, hit=0.5, null=0.1, spread=6, orphan=0.1)
SHOWN = 20
"""Most rows that leave the worker; an environment shows fewer."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a result and how many there are, or the error that stopped the query."""

    rows: tuple[Row, ...] = ()
    count: int = 0
    error: str = ""


def preview(
    sql: str, schema: str, dialect: str, quirks: Quirks, limits: LimitsConfig | None = None
) -> Preview:
    """Run a query on a database made for its schema and its own literals.

    >>> preview("SELECT nme FROM city", "CREATE TABLE city (name TEXT)", "sqlite", Quirks())
    Preview(rows=(), count=0, error='no such column: nme')
    """
    limits = limits or LimitsConfig()
    text = to_sqlite(sql, dialect, quirks)
    if reason := refusal(text, limits):
        return Preview(error=reason)
    session = _open(text, schema, dialect, quirks, limits)
    found = session.run(text)
    session.close()
    return Preview(rows=found.rows[:SHOWN], count=len(found.rows), error=found.error)


def _open(text: str, ddl: str, dialect: str, quirks: Quirks, limits: LimitsConfig) -> Session:
    declared = parse_schema(ddl, dialect)
    profile = _profile(text, declared)
    schema = inferred(declared, profile, quirks)
    maker = Maker(schema, profile, casefold=quirks.casefold_text, rows=FLAVOUR.rows)
    contents = maker.make(FLAVOUR, Random(f"{SEED} {ddl}"))
    plan = _blueprint(schema, quirks)
    try:
        return plan.open(contents, limits)
    except sqlite3.Error:
        return plan.open(Contents(tuple(() for _ in schema.tables)), limits)


def _profile(text: str, schema: Schema) -> Profile:
    """What the query says about data; nothing when it cannot be read."""
    try:
        return profile_of(read(text).copy(), schema)
    except (SqlSyntaxError, ExampleError):
        return Profile()


_blueprint = lru_cache(maxsize=256)(blueprint)
