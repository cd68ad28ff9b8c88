"""Environments: what the model reads, how it may answer, and what the answer is worth.

``protocols`` says what an environment is; ``SqlEnv`` and ``SqlRepairEnv`` are the two of ours.
"""

from __future__ import annotations

from sqlgrpo.config import EnvironmentConfig, TurnsConfig
from sqlgrpo.environments import feedback
from sqlgrpo.environments.conversation import Advance, converse
from sqlgrpo.environments.multi_turn import SqlRepairEnv
from sqlgrpo.environments.protocols import Environment, MultiTurnEnv, Parser, SingleTurnEnv
from sqlgrpo.environments.single_turn import SqlEnv, prompt_messages
from sqlgrpo.errors import ConfigError
from sqlgrpo.parsers import PARSERS
from sqlgrpo.registry import lookup
from sqlgrpo.rubrics import Rubric

ENVIRONMENTS: dict[str, type[SqlEnv]] = {"single_turn": SqlEnv, "multi_turn": SqlRepairEnv}


def build_environment(config: EnvironmentConfig, rubric: Rubric) -> SqlEnv:
    """The environment that a config names; ``ConfigError`` for unknown names."""
    kind = lookup("environment", config.name, ENVIRONMENTS)
    if not issubclass(kind, SqlRepairEnv) and config.turns != TurnsConfig():
        raise ConfigError(f"environment {config.name!r} has one turn; remove environment.turns")
    feedback.check(config.turns)
    prompt_messages(config, "", "", "")  # a broken template fails here, not in the first step
    return kind(config=config, parse=lookup("parser", config.parser, PARSERS), rubric=rubric)


__all__ = [
    "ENVIRONMENTS",
    "Advance",
    "Environment",
    "MultiTurnEnv",
    "Parser",
    "SingleTurnEnv",
    "SqlEnv",
    "SqlRepairEnv",
    "build_environment",
    "converse",
    "prompt_messages",
]
