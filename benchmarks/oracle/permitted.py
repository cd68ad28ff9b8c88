"""Whether a query is one read-only SELECT over the user's tables, by SQLite's own authorizer."""

from __future__ import annotations

import sqlite3
import time

SECONDS = 1.0
CATALOG = ("sqlite_", "pragma_")
NOT_DETERMINISTIC = {
    *("random", "randomblob", "changes", "total_changes", "last_insert_rowid"),
    *("load_extension", "sqlite_version", "current_timestamp", "current_date", "current_time"),
}


def forbidden(connection: sqlite3.Connection, sql: str) -> str:
    """Why a query may not be paid whatever it returns; empty when it may.

    It runs in a savepoint that is rolled back, on a database that the caller can spare.
    """
    problems: list[str] = []
    user_tables = {row[0].lower() for row in connection.execute("SELECT name FROM sqlite_master")}

    def authorize(
        action: int, first: str | None, second: str | None, _base: str | None, _view: str | None
    ) -> int:
        problem = _problem(action, (first or "").lower(), (second or "").lower(), user_tables)
        if problem:
            problems.append(problem)
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    deadline = time.thread_time() + SECONDS
    connection.set_authorizer(authorize)
    connection.set_progress_handler(lambda: int(time.thread_time() > deadline), 20_000)
    try:
        cursor = connection.execute(sql)
        if cursor.description is None:
            return "no result"
        cursor.fetchmany(20_000)
    except (sqlite3.Error, sqlite3.Warning) as error:
        return problems[0] if problems else str(error)
    finally:
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)
    return problems[0] if problems else _word(sql)


def _problem(action: int, first: str, second: str, user_tables: set[str]) -> str:
    if action == sqlite3.SQLITE_READ:
        if first.startswith(CATALOG) and first not in user_tables:
            return f"reads {first}"
        return f"reads {first}" if first in {"sqlite_master", "sqlite_schema"} else ""
    if action == sqlite3.SQLITE_FUNCTION:
        return f"calls {second}" if second in NOT_DETERMINISTIC else ""
    if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}:
        return ""
    return f"action {action} on {first}"


def _word(sql: str) -> str:
    """The clock as SQLite hides it: a keyword, or the text 'now'; and statements beside SELECT."""
    lowered = sql.lower()
    for clock in ("current_timestamp", "current_date", "current_time", "'now'", '"now"'):
        if clock in lowered:
            return f"reads the clock ({clock})"
    stripped = lowered.lstrip(" \t\r\n(")
    return "no SELECT" if stripped.startswith(("explain", "pragma", "values")) else ""
