"""What the model reads and how its answer is found."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnsConfig:
    """How a model may repair its answer (``environment=multi_turn``)."""

    limit: int = 1
    """Answers in a conversation, the first one included."""
    cost: float = 0.0
    """Taken from what an answer earns for every turn after the first."""
    rows: int = 3
    """Result rows that the model sees; 0 ends a conversation as soon as a query runs."""
    max_chars: int = 400
    """Longer errors and results are shortened, and say so."""
    stop_word: str = "OK"
    """What the model says to stand by its last query; so does repeating it."""
    error_prompt: str = "{error}\nWrite a corrected query."
    """Template with ``{error}``."""
    rows_prompt: str = (
        "The query returns, on made-up data:\n{rows}\n"
        "If it answers the question, reply {stop_word}; else write a better query."
    )
    """Template with ``{rows}`` and ``{stop_word}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentConfig:
    """What the model reads and how its answer is found."""

    name: str = MISSING
    """A name in ``sqlgrpo.environments.ENVIRONMENTS``, or your own as ``module:Class``."""
    parser: str = "sql"
    """A name in ``sqlgrpo.parsers.PARSERS``, or your own as ``module:function``: how SQL is found
    in a completion."""
    system_prompt: str = MISSING
    user_prompt: str = MISSING
    """Template with ``{schema}``, ``{question}`` and ``{dialect}``."""
    turns: TurnsConfig = field(default_factory=TurnsConfig)
