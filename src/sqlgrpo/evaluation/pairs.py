"""Verify pairs of queries from a file: same answer on every database that the schema allows?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from sqlgrpo.databases import Counterexample, Judge
from sqlgrpo.errors import ConfigError, ExampleError
from sqlgrpo.types import Example, Quirks
from sqlgrpo.verifiers import build_verifier

REQUIRED = ("schema", "gold", "pred")
OPTIONAL = ("id", "dialect", "db")
VERIFIERS = ("syntax", "schema", "executes", "structure", "equivalent")
CHUNK = 256
"""Pairs that are judged together, spread over the workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A prediction beside the gold that it should equal."""

    example: Example
    sql: str


def read_pairs(path: Path, quirks: Quirks) -> Iterator[Pair]:
    """The pairs of a JSON-lines file; ``ConfigError`` names the first line that is not one."""
    if not path.is_file():
        raise ConfigError(f"--input: no file {path}")
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _pair(raw, number, path, quirks)


def verify(
    pairs: Sequence[Pair],
    judge: Judge,
    output: TextIO,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[int, int]:
    """Write one verdict a line, in order; return how many matched and how many were broken."""
    matched = broken = 0
    for chunk in _chunks(pairs):
        judge.prefetch([(pair.sql, pair.example) for pair in chunk])
        for pair in chunk:
            row = verdict_row(pair, judge)
            matched += row["match"] is True
            broken += row["match"] is None
            output.write(json.dumps(row) + "\n")
        output.flush()
        advance(len(chunk))
    return matched, broken


def verdict_row(pair: Pair, judge: Judge) -> dict[str, Any]:
    """What ``verify.py`` writes for a pair; a broken one gets ``match`` null and the error."""
    row: dict[str, Any] = {"id": pair.example.id}
    try:
        outcome = judge.judge(pair.sql, pair.example)
        verdicts = {
            name: build_verifier(name, judge)(pair.sql, pair.example).score for name in VERIFIERS
        }
        counterexample = None if outcome.equivalent else judge.explain(pair.sql, pair.example)
    except ExampleError as error:
        reason = str(error)
        row |= {"match": None, "reason": reason, "error": reason}
        return row | {"verdicts": {}, "counterexample": None}
    return row | {
        "match": outcome.equivalent,
        "reason": outcome.reason,
        "verdicts": verdicts,
        "counterexample": _plain(counterexample),
    }


def _plain(counterexample: Counterexample | None) -> dict[str, Any] | None:
    return None if counterexample is None else asdict(counterexample)


def _chunks(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    for start in range(0, len(pairs), CHUNK):
        yield pairs[start : start + CHUNK]


def _pair(raw: bytes, number: int, path: Path, quirks: Quirks) -> Pair:
    where = f"{path}, line {number}"
    try:
        row = json.loads(raw)
    except ValueError as error:
        raise ConfigError(f"{where}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise ConfigError(f"{where}: not a JSON object")
    for key in REQUIRED:
        if not isinstance(row.get(key), str):
            raise ConfigError(f"{where}: {key!r} must be a string, found {row.get(key)!r}")
    for key in OPTIONAL:
        if not isinstance(row.get(key), str | int | None):
            raise ConfigError(f"{where}: {key!r} must be a string, found {row[key]!r}")
    database = row.get("db")
    example = Example(
        id=str(row.get("id", number)),
        question="",
        schema=row["schema"],
        gold_sql=row["gold"],
        dialect=row.get("dialect") or "sqlite",
        database=path.parent / database if database else None,
        quirks=quirks,
    )
    return Pair(example=example, sql=row["pred"])
