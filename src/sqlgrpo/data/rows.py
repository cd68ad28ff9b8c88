"""Turn rows of a data file into examples; a row that is not one is quarantined with its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from logging import getLogger
from pathlib import Path

from sqlglot.dialects.dialect import Dialect

from sqlgrpo.config import DataConfig
from sqlgrpo.data.formats import Record, columns_of
from sqlgrpo.data.loaded import Loaded, Quarantined, Row
from sqlgrpo.errors import ConfigError, ExampleError, unknown
from sqlgrpo.types import Example

log = getLogger(__name__)

REQUIRED = ("question", "context", "answer")
OPTIONAL = ("id", "db", "dialect")
SQLITE_MAGIC = b"SQLite format 3\x00"


def to_examples(records: Sequence[Record], config: DataConfig, source: Path) -> Loaded:
    """Examples from the records of ``source``, whose folder is where ``db`` paths start."""
    check_columns(columns_of(list(records)), str(source))
    check_dialect(config.dialect)
    examples: list[Example] = []
    quarantined: list[Quarantined] = []
    renamed: set[str] = set()
    seen: set[str] = set()
    for record in records:
        name = _name(record, source)
        if name in seen:
            name = f"{name} ({record.place})"
            renamed.add(name)
        seen.add(name)
        try:
            examples.append(_to_example(record, name, config, source.parent))
        except ExampleError as error:
            reason = f"{record.place}: {error}"
            quarantined.append(
                Quarantined(id=name, kind=error.kind, reason=reason, row=_shown(record.value))
            )
    loaded = Loaded(examples=examples, quarantined=quarantined)
    return loaded.with_repaired("repeated_id", renamed)


def check_columns(columns: set[str], source: str) -> None:
    """Refuse a file in which no row has a required column."""
    for required in REQUIRED:
        if required not in columns:
            near = get_close_matches(required, sorted(columns), n=1)
            hint = f"; rename {near[0]!r} to {required!r}" if near else ""
            found = ", ".join(sorted(columns)) or "none"
            raise ConfigError(f"{source} has no column {required!r}{hint} (columns: {found})")
    ignored = sorted(columns.difference(REQUIRED, OPTIONAL))
    if ignored:
        log.info("%s: columns not used: %s", source, ", ".join(ignored))


def check_dialect(dialect: str) -> None:
    """Refuse a dialect that nothing here can parse."""
    if not Dialect.get(dialect):
        raise unknown("dialect", dialect, filter(None, Dialect.classes))


def _to_example(record: Record, name: str, config: DataConfig, folder: Path) -> Example:
    row = record.value
    if not isinstance(row, dict):
        raise ExampleError(f"not a row with named columns: {row!r:.80}", kind="malformed_row")
    question, schema, gold = (_text(row, column) for column in REQUIRED)
    dialect = _optional_text(row, "dialect") or config.dialect
    if not Dialect.get(dialect):
        raise ExampleError(f"no dialect named {dialect!r}", kind="unknown_dialect")
    return Example(
        id=name,
        question=question,
        schema=schema,
        gold_sql=gold.rstrip().rstrip(";").rstrip(),
        dialect=dialect,
        database=_database(_optional_text(row, "db"), folder),
        quirks=config.quirks,
    )


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    if value is None:
        raise ExampleError(f"column {column!r} is missing or null", kind="missing_field")
    if not isinstance(value, str):
        raise ExampleError(f"column {column!r} is not text: {value!r:.60}", kind="wrong_type")
    if not value.strip():
        raise ExampleError(f"column {column!r} is blank", kind="missing_field")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ExampleError(f"column {column!r} has half a surrogate pair", kind="not_unicode")
    return value.strip()


def _optional_text(row: Row, column: str) -> str | None:
    value = row.get(column)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ExampleError(f"column {column!r} is not text: {value!r:.60}", kind="wrong_type")
    return value


def _database(relative: str | None, folder: Path) -> Path | None:
    """The SQLite file of a row, checked by its first bytes (an empty file is not a database)."""
    if relative is None:
        return None
    path = folder / relative
    try:
        with path.open("rb") as file:
            magic = file.read(len(SQLITE_MAGIC))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExampleError(f"database {path}: {reason}", kind="missing_database") from error
    if magic != SQLITE_MAGIC:
        raise ExampleError(f"database {path} is not a SQLite file", kind="not_a_database")
    return path


def _name(record: Record, source: Path) -> str:
    """The row's own id, or one made of the file and the place."""
    given = record.value.get("id") if isinstance(record.value, dict) else None
    if isinstance(given, int | str) and str(given).strip():
        return str(given)
    return f"{source.stem} {record.place}"


def _shown(value: object) -> Row:
    """The record as JSON can hold it, for ``audit.json``."""
    row = value if isinstance(value, dict) else {"record": value}
    shown: Row = json.loads(json.dumps(row, default=repr))
    return shown
