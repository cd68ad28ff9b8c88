"""From a checked configuration to a rubric."""

from __future__ import annotations

import math

from sqlgrpo.config import VerifierConfig
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.rubrics.rubric import Rubric
from sqlgrpo.verifiers import VERIFIERS, build_verifier


def build_rubric(config: VerifierConfig) -> Rubric:
    """The rubric that ``verifier=...`` describes, with its own judge."""
    names = [*config.gates, *([config.decisive] if config.decisive else []), *config.criteria]
    _check(config, names)
    judge = Judge(compare=config.compare, limits=config.limits, suite=config.suite)
    return Rubric(
        verifiers=tuple(build_verifier(name, judge) for name in dict.fromkeys(names)),
        judge=judge,
        decisive=config.decisive,
        partial=config.partial,
        gates=tuple(config.gates),
        weights=dict(config.criteria),
    )


def _check(config: VerifierConfig, names: list[str]) -> None:
    for name in names:
        if name not in VERIFIERS:
            raise unknown("verifier", name, VERIFIERS)
    if not names:
        raise ConfigError("verifier: no verifier named; set verifier.decisive or verifier.criteria")
    if not 0.0 <= config.partial <= 1.0:
        raise ConfigError(f"verifier.partial is {config.partial:g}; it must lie between 0 and 1")
    negative = [name for name, weight in config.criteria.items() if weight < 0]
    if negative:
        raise ConfigError(f"verifier.criteria.{negative[0]} is negative; weights lie in [0, 1]")
    total = math.fsum(config.criteria.values())
    if config.criteria and not math.isclose(total, 1.0, abs_tol=1e-6):
        raise ConfigError(f"verifier.criteria: the weights sum to {total:g}; they must sum to 1")
    if config.partial and not config.criteria:
        raise ConfigError("verifier.partial is set, but verifier.criteria is empty; set it to 0")
