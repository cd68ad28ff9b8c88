"""Small real files and the examples that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sqlgrpo.types import Example, Quirks

SAMPLE = Path(__file__).parents[1] / "fixtures" / "sample.jsonl"


@pytest.fixture
def sample_file() -> Path:
    """Eighteen sound rows, then one row of each class of broken ones, named by its class."""
    return SAMPLE


@pytest.fixture
def make_example() -> Callable[..., Example]:
    def make(schema: str, gold: str, question: str = "?", careless: bool = False) -> Example:
        quirks = Quirks(double_quoted_strings=True) if careless else Quirks()
        return Example(id="x", question=question, schema=schema, gold_sql=gold, quirks=quirks)

    return make
