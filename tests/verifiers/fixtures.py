"""The golds and hacks of ``tests/fixtures``, as examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlgrpo.types import Example

FIXTURES = Path(__file__).parents[1] / "fixtures"


def _lines(name: str) -> list[dict[str, Any]]:
    text = (FIXTURES / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


GOLDS = _lines("golds.jsonl")
HACKS = _lines("hacks.jsonl")


def example_of(row: dict[str, Any]) -> Example:
    return Example(
        id=row["name"], question=row.get("question", ""), schema=row["schema"], gold_sql=row["gold"]
    )
