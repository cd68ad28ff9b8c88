"""Where the examples come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from sqlgrpo.types import Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Where the examples come from, and how they are split."""

    source: str = MISSING
    """A name in ``sqlgrpo.data.SOURCES``."""
    path: str | None = None
    """Local file; ``sql_create_context`` falls back to the hub when it is ``null``."""
    hub_id: str | None = None
    dialect: str = "sqlite"
    quirks: Quirks = field(default_factory=Quirks)
    question_case: bool = False
    """Under ``quirks.casefold_text``, training golds spell strings as the question does."""
    limit: int | None = None
    """Read at most this many rows (a seeded sample over the whole source)."""
    size: int = 4_000
    """Examples that a generator makes (``builtin``, ``schema``)."""
    validation: int = 200
    """Examples for choosing ``checkpoint-best``; their schemas occur in no other split."""
    test: int = 300
    """Examples for the reported figures; their schemas occur in no other split."""
    audit: bool = True
    """Run every gold through the verifiers first, and quarantine those that fail."""
    max_prompt_tokens: int = 1_024
    """Longer prompts are left out, counted and reported (TRL does not truncate)."""
