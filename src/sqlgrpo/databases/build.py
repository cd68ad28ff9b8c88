"""From contents to an open database, with every declared constraint satisfied.

SQLite itself is the judge of the constraints: a row that breaks one is dropped on insertion, and
rows whose foreign keys lead nowhere are deleted until none are left. So no database that a query
is tested on can be one that the schema forbids.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.functions import ALLOWED, fold_case, guard_dates
from sqlgrpo.databases.quirks import to_sqlite
from sqlgrpo.databases.sqlite import Row, Session
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.schema import ForeignKey, Schema, Table
from sqlgrpo.types import Quirks

TYPES = {"integer": "INT", "real": "REAL", "numeric": "NUMERIC", "text": "TEXT", "blob": ""}


def quoted(name: str) -> str:
    """The name as SQLite reads it in any place."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """The statements that make an empty database and fill it."""

    schema: Schema
    creates: tuple[str, ...]
    inserts: tuple[str, ...]
    orphans: tuple[str, ...]
    """DELETE statements for rows whose foreign key leads nowhere."""
    notes: tuple[str, ...] = ()
    """Declared constraints that could not be understood, and are therefore not kept."""
    casefold: bool = False

    def connect(self, contents: Contents) -> sqlite3.Connection:
        """A new database in memory with those rows that satisfy every constraint."""
        connection = self._empty()
        connection.execute("BEGIN")
        for insert, rows in zip(self.inserts, contents.tables, strict=True):
            if rows:
                connection.executemany(insert, rows)
        self._drop_orphans(connection)
        connection.execute("COMMIT")
        if contents.reverse:
            connection.execute("PRAGMA reverse_unordered_selects = ON")
        return connection

    def open(self, contents: Contents, limits: LimitsConfig) -> Session:
        """The same, guarded against the queries that will run on it."""
        return Session(self.connect(contents), (t.name for t in self.schema.tables), limits)

    def surviving(self, contents: Contents) -> Contents:
        """Only the rows that satisfy every constraint."""
        connection = self.connect(Contents(contents.tables))
        names = [quoted(table.name) for table in self.schema.tables]
        rows = tuple(tuple(connection.execute(f"SELECT * FROM {n}").fetchall()) for n in names)
        connection.close()
        return Contents(rows, reverse=contents.reverse)

    def _empty(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if self.casefold:
            fold_case(connection)
        for statement in self.creates:
            connection.execute(statement)
        return connection

    def _drop_orphans(self, connection: sqlite3.Connection) -> None:
        while sum(connection.execute(delete).rowcount for delete in self.orphans):
            pass


def blueprint(schema: Schema, quirks: Quirks) -> Blueprint:
    """Statements for a schema, without the CHECKs and foreign keys that nobody can keep."""
    creates: list[str] = []
    notes: list[str] = []
    probe = sqlite3.connect(":memory:", isolation_level=None)
    guard_dates(probe, lambda _: None)
    probe.set_authorizer(_always_the_same)
    for table in schema.tables:
        statement, dropped = _possible(table, quirks, probe)
        creates.append(statement)
        notes += dropped
    probe.close()
    orphans = []
    for table in schema.tables:
        for key in table.foreign_keys:
            statement = _orphans(table, key, schema)
            orphans += [statement] if statement else []
            if not statement:
                notes.append(f"foreign key of {table.name} to {key.table} is not kept")
    return Blueprint(
        schema=schema,
        creates=tuple(creates),
        inserts=tuple(_insert(table) for table in schema.tables),
        orphans=tuple(orphans),
        notes=tuple(notes),
        casefold=quirks.casefold_text,
    )


def _possible(table: Table, quirks: Quirks, probe: sqlite3.Connection) -> tuple[str, list[str]]:
    """CREATE TABLE with every CHECK that SQLite understands."""
    checks = [to_sqlite(check, "sqlite", quirks) for check in table.checks]
    kept = [check for check in checks if not _problem(_create(table, [check]), table, probe)]
    statement = _create(table, kept)
    if problem := _problem(statement, table, probe):
        raise ExampleError(f"table {table.name}: {problem}", kind="unparsable")
    return statement, [f"CHECK ({check}) is not kept" for check in checks if check not in kept]


def _always_the_same(action: int, _first: str | None, name: str | None, *_: str | None) -> int:
    """Refuse the functions that may give another answer on the next run."""
    known = action != sqlite3.SQLITE_FUNCTION or (name or "").lower() in ALLOWED
    return sqlite3.SQLITE_OK if known else sqlite3.SQLITE_DENY


def _problem(statement: str, table: Table, probe: sqlite3.Connection) -> str:
    try:
        probe.execute(statement)
        row: Row = (1,) * len(table.columns)
        probe.execute(_insert(table), row)
        probe.execute(f"DROP TABLE {quoted(table.name)}")
    except sqlite3.Error as error:
        probe.execute(f"DROP TABLE IF EXISTS {quoted(table.name)}")
        return str(error)
    return ""


def _create(table: Table, checks: list[str]) -> str:
    rowid = table.primary_key if len(table.primary_key) == 1 else ()
    parts = []
    for column in table.columns:
        declared = TYPES[column.affinity]
        if column.name.lower() == "".join(rowid).lower() and column.type.upper() == "INTEGER":
            declared = "INTEGER"  # an alias of the rowid, as SQLite has it
        collate = f" COLLATE {column.collation}" if column.collation else ""
        parts.append(f"{quoted(column.name)} {declared}{collate}" + " NOT NULL" * column.not_null)
    if table.primary_key:
        parts.append(f"PRIMARY KEY ({_names(table.primary_key)})")
    parts += [f"UNIQUE ({_names(unique)})" for unique in table.uniques]
    parts += [f"CHECK ({check})" for check in checks]
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)})"


def _insert(table: Table) -> str:
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT OR IGNORE INTO {quoted(table.name)} VALUES ({marks})"


def _orphans(table: Table, key: ForeignKey, schema: Schema) -> str:
    """Deletes what refers to nothing; empty when the key itself refers to nothing."""
    parent = schema.table(key.table)
    names = key.references or (parent.primary_key if parent else ())
    if parent is None or len(names) != len(key.columns):
        return ""
    if not all(parent.column(name) for name in names):
        return ""
    own = quoted(table.name)
    filled = " AND ".join(f"{own}.{quoted(column)} IS NOT NULL" for column in key.columns)
    pairs = zip(names, key.columns, strict=True)
    same = " AND ".join(f"parent.{quoted(n)} = {own}.{quoted(c)}" for n, c in pairs)
    target = f"SELECT 1 FROM {quoted(parent.name)} AS parent WHERE {same}"
    return f"DELETE FROM {own} WHERE {filled} AND NOT EXISTS ({target})"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, columns))
