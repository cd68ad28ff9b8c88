"""The values that flow through the whole project, in the order they are made.

    Example -> messages -> completion -> Parsed -> Verdict, Verdict, ... -> Score

Everything here is immutable and imports nothing from the package, so any module may import it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

Message: TypeAlias = dict[str, str]
"""A chat message: ``{"role": ..., "content": ...}``."""

Completion: TypeAlias = str | list[Message]
"""What a policy answered: a text, or the turns that followed the prompt (its own are the
``assistant`` ones)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How to read SQL whose author was careless; all off means strict SQLite."""

    infer_types: bool = False
    """Columns that queries compare with numbers or aggregate are numeric although declared text."""
    infer_keys: bool = False
    """Undeclared primary and foreign keys are guessed from names and join conditions."""
    casefold_text: bool = False
    """Text compares without regard to case (the gold's literals often differ only in case)."""
    double_quoted_strings: bool = False
    """``"x"`` is always the string x, never a column (MySQL's reading)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question with a gold query that answers it."""

    id: str
    question: str
    schema: str
    """``CREATE TABLE`` statements, exactly as the model will read them."""
    gold_sql: str
    dialect: str = "sqlite"
    database: Path | None = None
    """A real SQLite file for this schema, when the data set ships one; opened read-only."""
    quirks: Quirks = field(default_factory=Quirks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a parser found in a completion: SQL, or the reason there is none."""

    sql: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One verifier's opinion of one query."""

    verifier: str
    score: float
    """From 0.0 (fails) to 1.0 (passes)."""
    reason: str = ""
    """Why the score is below 1.0; shown in logs, never parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The reward for one completion, with everything needed to explain it."""

    reward: float
    parsed: Parsed
    verdicts: tuple[Verdict, ...] = ()


class Verifier(Protocol):
    """Judges one query. A bad query is a low score; only a bad *example* may raise."""

    name: str

    def __call__(self, sql: str, example: Example) -> Verdict: ...
