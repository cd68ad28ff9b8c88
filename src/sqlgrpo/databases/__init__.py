"""Run SQL safely, and decide whether two queries mean the same."""

from __future__ import annotations

from sqlgrpo.databases.bench import Outcome
from sqlgrpo.databases.describe import read_schema
from sqlgrpo.databases.explain import Counterexample
from sqlgrpo.databases.judge import Judge
from sqlgrpo.databases.preview import Preview
from sqlgrpo.databases.sqlite import Rows, execute
from sqlgrpo.databases.suite import Suite

__all__ = [
    "Counterexample",
    "Judge",
    "Outcome",
    "Preview",
    "Rows",
    "Suite",
    "execute",
    "read_schema",
]
