"""Pairs of queries from real data sets, with a real database that says which ones differ."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from mutator import mutants
from oracle.contents import Relation, open_schema, read_shape
from oracle.search import GoldError, Pair
from rewrites import is_settled, rewrites

MOST_ROWS = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A gold and a prediction, and what is known about them."""

    id: str
    schema: str
    gold: str
    pred: str
    match: bool
    """For a real pair: the results agree on the real database."""


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def lawful_copy(schema: str, database: Path) -> sqlite3.Connection:
    """The real rows that satisfy the schema, in memory; at most ``MOST_ROWS`` a table.

    Real databases break their own declarations (texts in numeric columns, dangling keys). A
    cell of the wrong class becomes NULL and a row that breaks a constraint is left out, so that
    a difference on the copy is a difference on a database that the policy admits.
    """
    copy = open_schema(schema)
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    source.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for relation in read_shape(copy):
        _copy_rows(source, copy, relation)
    source.close()
    return copy


def spider_mutants(path: Path, golds: int, per_gold: int, seed: int) -> Iterable[Case]:
    """Mutants of sampled Spider golds which the lawful copy of their database separates."""
    rows = [row for row in read_rows(path) if row.get("db")]
    rng = random.Random(seed)
    for row in rng.sample(rows, min(golds, len(rows))):
        try:
            schema, gold = row["context"], row["answer"]
            copy = _cached_copy(schema, path.parent / row["db"])
            for number, pred in enumerate(mutants(gold, per_gold, rng)):
                pair = Pair(schema, gold, pred)
                copy.backup(pair.connection)
                if pair.differ() is not None:
                    case_id = f"{row['id']}-{number}"
                    yield Case(id=case_id, schema=schema, gold=gold, pred=pred, match=False)
        except (sqlite3.Error, sqlite3.Warning, GoldError, sqlglot.ParseError, ValueError):
            continue


def spider_rewrites(path: Path, golds: int, per_gold: int, seed: int) -> Iterable[Case]:
    """The same query said differently, for golds that leave nothing to chance.

    A rewrite that the independent search separates from its gold is left out.
    """
    rows = read_rows(path)
    rng = random.Random(seed)
    for row in rng.sample(rows, min(golds, len(rows))):
        schema, gold = row["context"], row["answer"]
        try:
            found = rewrites(gold, per_gold, rng) if is_settled(gold) else []
            for number, pred in enumerate(found):
                if Pair(schema, gold, pred).search(60, seed=number) is None:
                    case_id = f"{row['id']}-same-{number}"
                    yield Case(id=case_id, schema=schema, gold=gold, pred=pred, match=True)
        except (sqlite3.Error, sqlite3.Warning, GoldError, sqlglot.ParseError, ValueError):
            continue


def wikisql_predictions(path: Path) -> Iterable[Case]:
    """Real predictions that ran, with the published verdict on the real table.

    The schema is read from the table's SQLite file where there is one. Otherwise it is inferred
    from the golds and the predictions that ran on that table: the columns they name, REAL where
    one is compared with a number or added up, TEXT elsewhere.
    """
    rows = read_rows(path)
    inferred = infer_schemas(rows)
    for row in rows:
        database = path.parent / "db" / "wikisql" / f"{row['db_id']}.sqlite"
        schema = _file_schema(database) if database.exists() else inferred.get(row["db_id"])
        if schema is None or not row["executed"]:
            continue
        yield Case(
            id=row["id"],
            schema=schema,
            gold=row["answer"],
            pred=row["pred"],
            match=bool(row["execution_match"]),
        )


def infer_schemas(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """One CREATE TABLE for each ``db_id``, from the queries that ran on it."""
    columns: dict[str, dict[str, tuple[str, bool]]] = {}
    tables: dict[str, str] = {}
    for row in rows:
        for sql in (row["answer"], row["pred"] if row["executed"] else ""):
            try:
                tree = sqlglot.parse_one(sql, dialect="sqlite") if sql else None
            except sqlglot.errors.SqlglotError:
                tree = None
            if tree is None:
                continue
            if sql == row["answer"] and (table := tree.find(exp.Table)):
                tables[row["db_id"]] = table.name
            found = columns.setdefault(row["db_id"], {})
            for column in tree.find_all(exp.Column):
                name, numeric = found.get(column.name.lower(), (column.name, False))
                found[column.name.lower()] = (name, numeric or _is_numeric(column))
    return {key: _create(tables[key], columns[key]) for key in tables}


def _create(table: str, columns: Mapping[str, tuple[str, bool]]) -> str:
    listed = ", ".join(
        f"{_quoted(name)} {'REAL' if numeric else 'TEXT'}" for name, numeric in columns.values()
    )
    return f"CREATE TABLE {_quoted(table)} ({listed})"


def _is_numeric(column: exp.Column) -> bool:
    parent = column.parent
    if isinstance(parent, exp.Sum | exp.Avg):
        return True
    if not isinstance(parent, exp.Binary):
        return False
    other = parent.expression if parent.this is column else parent.this
    other = other.this if isinstance(other, exp.Neg) else other
    return isinstance(other, exp.Literal) and not other.is_string


@lru_cache(maxsize=160)
def _cached_copy(schema: str, database: Path) -> sqlite3.Connection:
    return lawful_copy(schema, database)


def _file_schema(database: Path) -> str:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    found = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return ";\n".join(row[0] for row in found)


def _copy_rows(source: sqlite3.Connection, copy: sqlite3.Connection, relation: Relation) -> None:
    names = ", ".join(_quoted(column.name) for column in relation.fields)
    marks = ", ".join("?" * len(relation.fields))
    sql = f"INSERT INTO {_quoted(relation.name)} ({names}) VALUES ({marks})"
    copy.execute("BEGIN")
    for row in source.execute(f"SELECT {names} FROM {_quoted(relation.name)} LIMIT {MOST_ROWS}"):
        try:
            copy.execute(sql, [_fit(v, c.kind) for v, c in zip(row, relation.fields, strict=True)])
        except sqlite3.IntegrityError:
            continue
    copy.execute("COMMIT")


def _fit(value: object, kind: str) -> object:
    if isinstance(value, bytes):
        return None
    if kind == "text" or not isinstance(value, str):
        return value
    return float(value) if re.fullmatch(r"[+-]?\d+(\.\d+)?", value.strip()) else None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
