"""Read ``.json``, ``.jsonl``, ``.csv`` and ``.parquet`` into plain rows.

A file that cannot be read as a whole is a ``ConfigError``: one line with the file, the place and
the next step. A single bad record in a readable file comes back as it is, for the caller to judge.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlgrpo.data.loaded import Row
from sqlgrpo.errors import ConfigError, unknown

MAX_CELL_CHARS = 10_000_000  # the csv module's own limit, 131,072, is less than a large schema


@dataclass(frozen=True, slots=True)
class Record:
    """One record and where it stands, such as ``line 7`` (of a text file) or ``row 7``."""

    place: str
    value: Any
    """A ``Row`` when the record is well-formed; anything else that JSON allows when it is not."""


def read_records(path: Path) -> list[Record]:
    """All records of a data file, in order; an empty file is an error."""
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise unknown("data file type", suffix or path.name, READERS)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise ConfigError(f"data file {path} {what}; set data.path to {_known_suffixes()} file")
    try:
        records = list(READERS[suffix](path))
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"data file {path} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"data file {path} is not UTF-8 text (byte {error.start}: {error.reason}); "
            "re-save it as UTF-8"
        ) from error
    if not records:
        raise ConfigError(f"data file {path} is empty; it needs at least one row")
    return records


def _known_suffixes() -> str:
    return "a " + ", ".join(READERS)


def _jsonl(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield Record(f"line {number}", _parse_line(path, number, line))


def _parse_line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        hint = ""
        if number == 1 and line.strip() in ("[", "{"):
            hint = "; a JSON array needs the extension .json"
        shown = line.strip()[:60]
        raise ConfigError(f"{path}, line {number}: not JSON ({error}): {shown!r}{hint}") from error


def _json(path: Path) -> Iterator[Record]:
    text = path.read_text(encoding="utf-8-sig")
    if not text.strip():
        return
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        lines = error.msg == "Extra data"
        hint = "; one JSON object a line needs the extension .jsonl" if lines else ""
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{path}, {where}: not JSON ({error.msg}){hint}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not a list of rows (nested too deeply)") from error
    if not isinstance(values, list):
        raise ConfigError(
            f"{path}: expected a JSON array of rows, found {_kind(values)}; wrap the rows in [ ]"
        )
    for number, value in enumerate(values, start=1):
        yield Record(f"row {number}", value)


def _csv(path: Path) -> Iterator[Record]:
    csv.field_size_limit(MAX_CELL_CHARS)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                yield Record(f"line {reader.line_num}", _csv_row(row))
        except csv.Error as error:
            line = reader.reader.line_num
            raise ConfigError(f"{path}, line {line}: not CSV ({error})") from error


def _csv_row(row: dict[str | None, Any]) -> Any:
    """A row with its own number of cells; others become a list, which is not a row."""
    if None in row:
        return [*(value for key, value in row.items() if key is not None), *row[None]]
    return {key: value if value != "" else None for key, value in row.items()}


def _parquet(path: Path) -> Iterator[Record]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(
            f"reading {path} needs pyarrow: pip install pyarrow, or save the file as .jsonl"
        ) from error
    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{path}: not a Parquet file ({reason})") from error
    for number, row in enumerate(table.to_pylist(), start=1):
        yield Record(f"row {number}", row)


def _kind(value: object) -> str:
    names = {dict: "an object", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".json": _json,
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}


def columns_of(records: list[Record]) -> set[str]:
    """Every column that some record has."""
    rows: list[Row] = [record.value for record in records if isinstance(record.value, dict)]
    return {str(column) for row in rows for column in row}
