"""Whether a paid query deserved it: the independent search, asked once for each different query."""

from __future__ import annotations

import sqlite3

import sqlglot

from oracle.contents import open_schema
from oracle.permitted import forbidden
from oracle.search import GoldError, Pair
from sqlgrpo.types import Example

DATABASES = 1_500
SECONDS = 4.0


class Truth:
    """Remembers its answers; queries that print alike are one."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], str] = {}

    def objection(self, sql: str, example: Example) -> str:
        """Why the query should not have been paid; empty when no search separates it."""
        key = (example.schema, example.gold_sql, _printed(sql))
        if key not in self.known:
            self.known[key] = self._search(sql, example)
        return self.known[key]

    def _search(self, sql: str, example: Example) -> str:
        if _printed(sql) == _printed(example.gold_sql):
            return ""
        connection = open_schema(example.schema)
        problem = forbidden(connection, sql)
        if problem:
            return f"not permitted: {problem}"
        try:
            found = Pair(example.schema, example.gold_sql, sql).search(DATABASES, seconds=SECONDS)
        except (GoldError, sqlite3.Error, ValueError) as error:
            return f"cannot be compared: {error}"
        if found is None:
            return ""
        return f"{list(found.inserts)} gives {found.gold_rows} and {found.pred_rows}"


def _printed(sql: str) -> str:
    try:
        return sqlglot.parse_one(sql, dialect="sqlite").sql(dialect="sqlite", normalize=True)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return sql
