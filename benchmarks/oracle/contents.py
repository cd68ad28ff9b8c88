"""Random databases that keep every declared constraint, from SQLite's own reading of a schema."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from oracle.values import Style, Value, pools_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column as SQLite sees it."""

    name: str
    kind: str
    """``integer``, ``real``, ``numeric`` or ``text``."""
    declared: str
    nullable: bool
    unique: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One table: its fields, and the parent columns that its foreign keys point to."""

    name: str
    fields: tuple[Field, ...]
    links: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]
    """Foreign keys as (own columns, parent table, parent columns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the values of one database come from."""

    rng: random.Random
    style: Style
    pools: Mapping[str, list[Value]]
    aims: Mapping[str, Sequence[Value]]


@dataclass(slots=True)
class Database:
    """An open in-memory database and the INSERT statements that made it."""

    connection: sqlite3.Connection
    inserts: list[tuple[str, tuple[Value, ...]]] = field(default_factory=list)

    def statements(self) -> list[str]:
        """The INSERTs as SQL text."""
        return [_literal_insert(sql, row) for sql, row in self.inserts]


def open_schema(ddl: str) -> sqlite3.Connection:
    """An empty in-memory database with foreign keys enforced."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(ddl)
    return connection


def read_shape(connection: sqlite3.Connection) -> list[Relation]:
    """The tables, parents before children where the foreign keys allow it."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    relations = {name.lower(): _relation(connection, name) for name in names}
    ordered: list[Relation] = []

    def visit(relation: Relation, path: frozenset[str]) -> None:
        if relation in ordered or relation.name in path:
            return
        for _, parent, _ in relation.links:
            if parent.lower() in relations:
                visit(relations[parent.lower()], path | {relation.name})
        if relation not in ordered:
            ordered.append(relation)

    for relation in relations.values():
        visit(relation, frozenset())
    return ordered


def fill(
    connection: sqlite3.Connection,
    shape: list[Relation],
    literals: tuple[list[str], list[float]],
    rng: random.Random,
    style: Style,
    aims: Mapping[str, Sequence[Value]],
) -> Database:
    """Empty the tables and insert random rows; rows that break a constraint are left out."""
    connection.execute("PRAGMA foreign_keys = OFF")
    for relation in shape:
        connection.execute(f"DELETE FROM {_quoted(relation.name)}")
    connection.execute("PRAGMA foreign_keys = ON")
    pools = pools_for(literals, rng, style)
    source = Source(rng=rng, style=style, pools=pools, aims=aims)
    database = Database(connection)
    kept: dict[str, list[dict[str, Value]]] = {}
    for relation in shape:
        rows = kept.setdefault(relation.name.lower(), [])
        names = [column.name for column in relation.fields]
        listed = ", ".join(map(_quoted, names))
        marks = ", ".join("?" * len(names))
        sql = f"INSERT INTO {_quoted(relation.name)} ({listed}) VALUES ({marks})"
        for _ in range(rng.randint(style.least_rows, style.most_rows)):
            for _ in range(4):
                values = _draw_row(relation, kept, source)
                row = tuple(values[name] for name in names)
                try:
                    connection.execute(sql, row)
                except sqlite3.IntegrityError:
                    continue
                database.inserts.append((sql, row))
                rows.append(values)
                break
    return database


def _draw_row(
    relation: Relation,
    kept: dict[str, list[dict[str, Value]]],
    source: Source,
) -> dict[str, Value]:
    rng, style = source.rng, source.style
    rows = kept[relation.name.lower()]
    values = {column.name: _draw(column, source) for column in relation.fields}
    if rows and rng.random() < style.copy_share:
        values = dict(rng.choice(rows))
        for column in relation.fields:
            if column.unique or rng.random() < 0.3:
                values[column.name] = _draw(column, source)
    by_name = {column.name.lower(): column for column in relation.fields}
    for own, parent, theirs in relation.links:
        columns = [by_name[name.lower()] for name in own]
        choices = list(kept.get(parent.lower(), ()))
        if parent.lower() == relation.name.lower():
            choices.append(values)
        may_be_null = any(column.nullable for column in columns)
        if may_be_null and (not choices or rng.random() < max(style.null_share, 0.1)):
            values.update({c.name: None for c in columns if c.nullable})
        elif choices:
            lowered = {key.lower(): value for key, value in rng.choice(choices).items()}
            for column, name in zip(columns, theirs, strict=True):
                values[column.name] = lowered[name.lower()]
    return values


def _draw(column: Field, source: Source) -> Value:
    rng, style, pools = source.rng, source.style, source.pools
    if column.nullable and rng.random() < style.null_share:
        return None
    if column.kind == "numeric" and "BOOL" in column.declared:
        return rng.randint(0, 1)
    aims = source.aims.get(column.name.lower(), ())
    if aims and rng.random() < style.aim:
        aimed = rng.choice(aims)
        if isinstance(aimed, str) is (column.kind == "text"):
            return aimed
    if column.unique and column.kind in {"integer", "numeric"} and rng.random() < 0.7:
        return rng.randint(0, 2 + 2 * style.most_rows)
    if column.unique and column.kind == "text" and rng.random() < 0.4:
        return f"{rng.choice(pools['text'])}{rng.randint(0, 9)}"
    if column.kind == "numeric" and ("DATE" in column.declared or "TIME" in column.declared):
        return _moment(column.declared, rng.choice(pools["day"]), rng)
    return rng.choice(pools[column.kind])


def _moment(declared: str, day: Value, rng: random.Random) -> Value:
    """The ISO text that a DATE-like type promises."""
    if declared.startswith("TIME") and "STAMP" not in declared:
        return f"{rng.randint(0, 23):02}:{rng.choice(('00', '30', '59'))}:00"
    return str(day) if "TIME" in declared else str(day)[:10]


def _relation(connection: sqlite3.Connection, name: str) -> Relation:
    columns = connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
    keys = [row[1] for row in sorted(columns, key=lambda row: row[5]) if row[5]]
    unique = {keys[0].lower()} if len(keys) == 1 else set()
    for index in connection.execute(f"PRAGMA index_list({_quoted(name)})").fetchall():
        members = connection.execute(f"PRAGMA index_info({_quoted(index[1])})").fetchall()
        if index[2] and len(members) == 1 and members[0][2]:
            unique.add(members[0][2].lower())
    fields = tuple(
        Field(
            name=row[1],
            kind=_affinity(row[2]),
            declared=row[2].upper(),
            nullable=not row[3] and not row[5],
            unique=row[1].lower() in unique,
        )
        for row in columns
    )
    return Relation(name=name, fields=fields, links=_links(connection, name))


def _links(
    connection: sqlite3.Connection, name: str
) -> tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]:
    groups: dict[int, list[tuple[object, ...]]] = {}
    for row in connection.execute(f"PRAGMA foreign_key_list({_quoted(name)})"):
        groups.setdefault(row[0], []).append(row)
    links = []
    for rows in groups.values():
        parent = str(rows[0][2])
        info = connection.execute(f"PRAGMA table_info({_quoted(parent)})").fetchall()
        keys = [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5]]
        theirs = tuple(str(row[4]) if row[4] else keys[n] for n, row in enumerate(rows))
        links.append((tuple(str(row[3]) for row in rows), parent, theirs))
    return tuple(links)


def _affinity(declared: str) -> str:
    upper = declared.upper()
    if "INT" in upper:
        return "integer"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")) or not upper or "BLOB" in upper:
        return "text"
    return "real" if any(word in upper for word in ("REAL", "FLOA", "DOUB")) else "numeric"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal_insert(sql: str, row: tuple[Value, ...]) -> str:
    shown = ", ".join(_literal(value) for value in row)
    return re.sub(r"VALUES \([?, ]*\)$", lambda _: f"VALUES ({shown})", sql)


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
