"""What tables a SQLite file holds, as the statements that made them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlgrpo.errors import ConfigError

MADE = (
    "SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid"
)


def read_schema(database: Path) -> str:
    """The CREATE TABLE statements of a database, one after the other.

    Raises ``ConfigError`` when the file is missing, is not SQLite, or has no table.
    """
    if not database.is_file():
        raise ConfigError(f"--db: no file {database}")
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    try:
        statements = [sql for (sql,) in connection.execute(MADE)]
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"--db: {database} is not a SQLite database ({error})") from None
    finally:
        connection.close()
    if not statements:
        raise ConfigError(f"--db: {database} has no tables")
    return ";\n".join(statements)
