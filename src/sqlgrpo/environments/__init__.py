"""Environments: what the model reads, how it may answer, and what the answer is worth."""

from __future__ import annotations

from sqlgrpo.config import EnvironmentConfig
from sqlgrpo.environments.single_turn import SingleTurnEnv, prompt_messages
from sqlgrpo.errors import unknown
from sqlgrpo.parsers import PARSERS
from sqlgrpo.rubrics import Rubric

ENVIRONMENTS = {"single_turn": SingleTurnEnv}


def build_environment(config: EnvironmentConfig, rubric: Rubric) -> SingleTurnEnv:
    """The environment that a config names; ``ConfigError`` for unknown names."""
    if config.name not in ENVIRONMENTS:
        raise unknown("environment", config.name, ENVIRONMENTS)
    if config.parser not in PARSERS:
        raise unknown("parser", config.parser, PARSERS)
    prompt_messages(config, "", "", "")  # a broken template fails here, not in the first step
    return ENVIRONMENTS[config.name](config=config, parse=PARSERS[config.parser], rubric=rubric)


__all__ = ["ENVIRONMENTS", "SingleTurnEnv", "build_environment", "prompt_messages"]
