"""Run untrusted SQL without letting it change, read or spend anything it should not.

Inside the process there are four guards, because each has been talked round somewhere: an
authorizer that allows reading the user's tables and nothing else, limits on what SQLite may build,
a progress handler that stops the query on time, and caps on what is fetched. (A timeout around a
blocking call does nothing: ``asyncio.wait_for`` cannot interrupt sqlite3.) ``workers`` is the wall
around the process.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.functions import ALLOWED, guard_dates, guard_formats
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.lexer import tokens

Row = tuple[object, ...]

CHECK_EVERY = 1_000  # SQLite VM instructions between two looks at the clocks
WALL = 60.0  # how many times its processor time a query may take on the wall clock
FETCH = 64  # values fetched before the size of the result is looked at again
RESULT_VALUES = 10  # values of the largest size that a whole result may add up to
STARTS = {"SELECT", "WITH"}
CATALOGS = ("sqlite_", "pragma_", "json_", "dbstat", "bytecode", "tables_used", "generate_series")
ACTIONS = {
    value: name.removeprefix("SQLITE_").lower().replace("_", " ")
    for name, value in vars(sqlite3).items()
    if name.startswith(("SQLITE_CREATE", "SQLITE_DROP", "SQLITE_ALTER"))
} | {
    sqlite3.SQLITE_DELETE: "delete",
    sqlite3.SQLITE_INSERT: "insert",
    sqlite3.SQLITE_UPDATE: "update",
    sqlite3.SQLITE_PRAGMA: "pragma",
    sqlite3.SQLITE_TRANSACTION: "transaction",
    sqlite3.SQLITE_ATTACH: "attach",
    sqlite3.SQLITE_DETACH: "detach",
}
BOUNDS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query returned, or the error that stopped it."""

    rows: tuple[Row, ...] = ()
    width: int = 0
    """Number of columns; two empty results of different width are different."""
    error: str = ""


def refusal(sql: str, limits: LimitsConfig) -> str:
    """Why this text is not even given to SQLite; empty when it may be tried."""
    if len(sql) > limits.max_sql_chars:
        return f"longer than {limits.max_sql_chars} characters"
    if "\0" in sql:
        return "contains a NUL character"
    if not sql.isascii() and any("\ud800" <= char <= "\udfff" for char in sql):
        return "contains half a surrogate pair"
    first = next(tokens(sql), None)
    if first is None:
        return "empty query"
    if sql.lstrip().startswith("```"):
        return "not authorized: a Markdown code fence is not SQL; give the query without it"
    if first.upper not in STARTS:
        return f"not authorized: starts with {first.text[:20]!r}, not a SELECT"
    if first.upper == "WITH" and _main_word(sql) == "VALUES":
        return "not authorized: VALUES reads no table"
    return ""


def _main_word(sql: str) -> str:
    """The word that follows the common table expressions, if it may be ``VALUES``."""
    depth = 0
    for token in tokens(sql):
        depth += (token.text == "(") - (token.text == ")")
        if not depth and token.upper in ("SELECT", "VALUES"):
            return token.upper
    return ""


class Session:
    """An open database on which only permitted queries run, within their limits."""

    def __init__(
        self, connection: sqlite3.Connection, tables: Iterable[str], limits: LimitsConfig
    ) -> None:
        self.connection = connection
        self.limits = limits
        self._tables = {name.lower() for name in tables}
        self.patience = 1.0
        self._deadline = self._latest = 0.0
        self._denied = ""
        for limit, value in BOUNDS.items():
            connection.setlimit(limit, value)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.max_value_bytes)
        guard_dates(connection, self._refuse)
        guard_formats(connection, limits.max_value_bytes, self._refuse)
        connection.execute("PRAGMA temp_store = MEMORY")  # a sort may not fill the disk
        connection.execute("PRAGMA query_only = ON")
        connection.set_authorizer(self._authorize)
        connection.set_progress_handler(self._late, CHECK_EVERY)

    def run(self, sql: str, deadline: float | None = None) -> Rows:
        """One permitted SELECT; whatever stops it comes back as ``Rows.error``.

        Several runs may share one ``deadline`` (on ``time.thread_time``: what others do to the
        machine must not decide). Without one, the limit times ``patience`` holds.
        """
        self._denied = ""
        allowed_s = self.patience * self.limits.timeout_s
        self._deadline = deadline or time.thread_time() + allowed_s
        self._latest = time.monotonic() + WALL * allowed_s
        try:
            cursor = self.connection.execute(sql)
            return self._fetch(cursor)
        except (sqlite3.Error, sqlite3.Warning) as error:
            return Rows(error=self._explain(error))
        except (MemoryError, OverflowError) as error:
            return Rows(error=f"result too large: {type(error).__name__}")

    def close(self) -> None:
        self.connection.close()

    def _fetch(self, cursor: sqlite3.Cursor) -> Rows:
        width = len(cursor.description or ())
        step = max(FETCH // max(width, 1), 1)
        more = cursor.fetchmany(step)
        rows = list(more)
        size = 0
        while len(more) == step and len(rows) <= self.limits.max_rows:
            size += _size(more)
            if size > RESULT_VALUES * self.limits.max_value_bytes:
                cursor.close()
                return Rows(error="result too large")
            more = cursor.fetchmany(step)
            rows += more
        if len(rows) > self.limits.max_rows:
            cursor.close()
            return Rows(error=f"more than {self.limits.max_rows} rows")
        return Rows(rows=tuple(rows), width=width)

    def _late(self) -> int:
        return time.thread_time() > self._deadline or time.monotonic() > self._latest

    def _refuse(self, reason: str) -> None:
        self._denied = self._denied or reason

    def _explain(self, error: sqlite3.Error | sqlite3.Warning) -> str:
        if self._denied:
            return self._denied
        message = str(error)
        if message == "interrupted":
            return f"timed out after {self.limits.timeout_s:g} s"
        if "one statement" in message:
            return "not authorized: more than one statement"
        return message or type(error).__name__

    def _authorize(
        self, action: int, first: str | None, second: str | None, _db: str | None, _via: str | None
    ) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            return self._may_read((first or "").lower(), second or "")
        if action == sqlite3.SQLITE_FUNCTION:
            if (second or "").lower() in ALLOWED:
                return sqlite3.SQLITE_OK
            self._refuse(f"not authorized: function {second}")
        elif (first or "").lower().startswith("sqlite_"):  # declaring a virtual table on the fly
            self._refuse("not authorized: reads the catalog")
        else:
            self._refuse(f"not authorized: {ACTIONS.get(action, 'not a SELECT')} {first or ''}")
        return sqlite3.SQLITE_DENY

    def _may_read(self, table: str, column: str) -> int:
        # a common table expression counts as a table here, but only ever with an empty column
        if table in self._tables or (not column and not table.startswith(CATALOGS)):
            return sqlite3.SQLITE_OK
        self._refuse(f"not authorized: reads {table}")
        return sqlite3.SQLITE_DENY


def _text(raw: bytes) -> str:
    """Real data is not always UTF-8; what is not must still compare."""
    return raw.decode("utf-8", "replace")


def _size(rows: list[Row]) -> int:
    return sum(len(v) for row in rows for v in row if isinstance(v, (str, bytes)))


def open_file(database: Path, limits: LimitsConfig) -> Session:
    """A real database, read-only; ``ExampleError`` when there is none."""
    try:
        connection = sqlite3.connect(
            f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
        )
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
        connection.text_factory = _text
    except sqlite3.Error as error:
        raise ExampleError(f"cannot open {database}: {error}", kind="missing_database") from error
    return Session(connection, [name for (name,) in names], limits)


def execute(database: Path, sql: str, *, limits: LimitsConfig | None = None) -> Rows:
    """Run one read-only query on a real file, in this process."""
    limits = limits or LimitsConfig()
    if reason := refusal(sql, limits):
        return Rows(error=reason)
    session = open_file(database, limits)
    try:
        return session.run(sql)
    finally:
        session.close()
