"""Prove the label of one line of ``tests/fixtures/adversarial.jsonl``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oracle.contents import open_schema
from oracle.permitted import forbidden
from oracle.search import Pair

ADVERSARIAL = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "adversarial.jsonl"
FILLED = "INSERT INTO loaf (title, flour, price) VALUES ('a', 'rye', 11), ('b', NULL, 3)"


def read_pairs(path: Path = ADVERSARIAL) -> list[dict[str, Any]]:
    """The labelled pairs, in the order of the file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def problem_with(row: Mapping[str, Any], databases: int, seed: int = 0) -> str:
    """Why a label is not proved; empty when it is.

    * A match must agree on ``databases`` random databases, and as many with values on which
      readers of the policy may differ, so the label does not hang on such a reading.
    * A non-match must come with INSERTs that satisfy the schema and separate the two queries.
    * An unsafe prediction must be forbidden, or fail to run.
    """
    if row["category"] == "unsafe statements":
        with open_schema(row["schema"]) as connection:
            connection.execute(FILLED)
            return "" if forbidden(connection, row["pred"]) else "nothing forbids it"
    pair = Pair(row["schema"], row["gold"], row["pred"])
    if row["match"]:
        for loose in (False, True):
            found = pair.search(databases, seed, loose=loose)
            if found is not None:
                return f"separated by {list(found.inserts)}: {found.gold_rows} {found.pred_rows}"
        return ""
    try:
        return "" if pair.separates(row["witness"]) else "the witness does not separate"
    except sqlite3.IntegrityError as error:
        return f"the witness breaks the schema: {error}"
