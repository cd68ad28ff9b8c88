"""Verify pairs of queries from a file: same answer on every database that the schema allows?

A line that cannot be judged costs its own verdict and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sqlgrpo.data.rows import check_dialect
from sqlgrpo.databases import Counterexample, Judge, Suite
from sqlgrpo.errors import ConfigError, ExampleError
from sqlgrpo.types import Example, Quirks
from sqlgrpo.verifiers import build_verifier

REQUIRED = ("schema", "gold", "pred")
OPTIONAL = ("id", "dialect", "db")
VERIFIERS = ("syntax", "schema", "executes", "structure", "equivalent")
CHUNK = 256
"""Pairs that are judged together, spread over the workers."""
NO_ROWS = "nothing was tested: gold returns no rows on any database"
NO_DATA = "nothing was tested: no row satisfies the constraints of the schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A prediction beside the gold that it should equal."""

    line: int
    example: Example
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A line that is no pair."""

    line: int
    id: str
    reason: str
    unreadable: bool = False
    """It is not even a JSON object."""


@dataclass(slots=True)
class Tally:
    """How the pairs of a file came out."""

    pairs: int = 0
    matched: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Those of the broken that are not even JSON objects."""
    broken: list[str] = field(default_factory=list)
    """For each pair without a verdict its line and the reason."""


def read_pairs(path: Path, quirks: Quirks) -> Iterator[Pair | Broken]:
    """The lines of a JSON-lines file, those included that are no pairs."""
    if not path.is_file():
        raise ConfigError(f"--input: no file {path}")
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _read(raw, number, path, quirks)


def verify(
    pairs: Sequence[Pair | Broken],
    judge: Judge,
    output: TextIO,
    advance: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Write one verdict a line, in order."""
    tally = Tally()
    for chunk in _chunks(pairs):
        judge.prefetch([(pair.sql, pair.example) for pair in chunk if isinstance(pair, Pair)])
        for pair in chunk:
            row = verdict_row(pair, judge)
            tally.pairs += 1
            tally.matched += row["match"] is True
            if row["match"] is None:
                tally.broken.append(f"line {pair.line}: {row['reason']}")
            if isinstance(pair, Broken) and pair.unreadable:
                tally.unreadable.append(tally.broken[-1])
            output.write(json.dumps(row) + "\n")
        output.flush()
        advance(len(chunk))
    return tally


def verdict_row(pair: Pair | Broken, judge: Judge) -> dict[str, Any]:
    """What ``verify.py`` writes for a pair; a broken one gets ``match`` null and the error."""
    if isinstance(pair, Broken):
        return _broken(pair.id, pair.reason)
    try:
        outcome = judge.judge(pair.sql, pair.example)
        verdicts = {
            name: build_verifier(name, judge)(pair.sql, pair.example).score for name in VERIFIERS
        }
        shown = None if outcome.equivalent else judge.explain(pair.sql, pair.example)
        reason = shown.reason if shown else outcome.reason
        if outcome.equivalent:
            reason = _untested(judge.suite(pair.example))
    except ExampleError as error:
        return _broken(pair.example.id, str(error))
    return {
        "id": pair.example.id,
        "match": outcome.equivalent,
        "reason": reason,
        "verdicts": verdicts,
        "counterexample": _plain(shown),
    }


def _untested(suite: Suite) -> str:
    """Why a match says little; empty when the suite put it to the test."""
    if not any(rows for contents in suite.contents for rows in contents.tables):
        return NO_DATA
    return "" if suite.gold_returns_rows else NO_ROWS


def _broken(name: str, reason: str) -> dict[str, Any]:
    row = {"id": name, "match": None, "reason": reason, "error": reason}
    return row | {"verdicts": {}, "counterexample": None}


def _plain(counterexample: Counterexample | None) -> dict[str, Any] | None:
    return None if counterexample is None else asdict(counterexample)


def _chunks(pairs: Sequence[Pair | Broken]) -> Iterator[Sequence[Pair | Broken]]:
    for start in range(0, len(pairs), CHUNK):
        yield pairs[start : start + CHUNK]


def _read(raw: bytes, number: int, path: Path, quirks: Quirks) -> Pair | Broken:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        why = f"not JSON ({error})"
        return Broken(line=number, id=str(number), reason=why, unreadable=True)
    if not isinstance(row, dict):
        return Broken(line=number, id=str(number), reason="not a JSON object", unreadable=True)
    name = str(number if row.get("id") is None else row["id"])
    if problem := _problem(row, path):
        return Broken(line=number, id=name, reason=problem)
    database = row.get("db")
    example = Example(
        id=name,
        question="",
        schema=row["schema"],
        gold_sql=row["gold"],
        dialect=row.get("dialect") or "sqlite",
        database=path.parent / database if database else None,
        quirks=quirks,
    )
    return Pair(line=number, example=example, sql=row["pred"])


def _problem(row: dict[str, Any], path: Path) -> str:
    """What keeps a row from being a pair."""
    for key in REQUIRED:
        if row.get(key) is None:
            return f"missing {key!r}"
        if not isinstance(row[key], str):
            return f"{key!r} must be a string, found {row[key]!r}"
    for key in OPTIONAL:
        if not isinstance(row.get(key), str | None) and key != "id":
            return f"{key!r} must be a string, found {row[key]!r}"
    try:
        check_dialect(row.get("dialect") or "sqlite")
    except ConfigError as error:
        return str(error)
    database = row.get("db")
    if database and not (path.parent / database).is_file():
        return f"'db': no file {path.parent / database}"
    return ""
