"""What a user asks, read from the command line and from files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlgrpo.databases import read_schema
from sqlgrpo.errors import ConfigError
from sqlgrpo.parsers.schema import parse_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something asked about a database whose tables are known."""

    question: str
    schema: str
    dialect: str = "sqlite"


def schema_text(schema: Path | None, database: Path | None) -> str | None:
    """The CREATE TABLE statements in a file or of a database, checked to be readable."""
    if database is not None:
        return read_schema(database)
    if schema is None:
        return None
    if not schema.is_file():
        raise ConfigError(f"--schema: no file {schema}")
    text = schema.read_text(encoding="utf-8").strip()
    parse_schema(text)
    return text


def read_questions(query: str | None, file: Path | None, schema: str | None) -> list[Question]:
    """The questions to answer; ``ConfigError`` when one is empty or has no schema."""
    if file is None:
        return [_ask({"question": query}, schema, "--query")]
    if not file.is_file():
        raise ConfigError(f"--input: no file {file}")
    lines = file.read_text(encoding="utf-8").splitlines()
    asks = [
        _ask(_row(line, file, number), schema, f"{file}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not asks:
        raise ConfigError(f"--input: {file} is empty")
    return asks


def _row(line: str, file: Path, number: int) -> dict[str, object]:
    if file.suffix != ".jsonl":
        return {"question": line}
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{file}, line {number}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise ConfigError(f"{file}, line {number}: not a JSON object")
    return row


def _ask(row: dict[str, object], schema: str | None, where: str) -> Question:
    question, context = row.get("question"), row.get("context", schema)
    if not isinstance(question, str) or not question.strip():
        raise ConfigError(f"{where}: the question is empty")
    if not isinstance(context, str) or not context.strip():
        raise ConfigError(f"{where}: no schema; add --schema FILE or --db FILE.sqlite")
    return Question(question=question.strip(), schema=context.strip())
