"""Verdicts in, one reward out, with every reason kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlgrpo.databases import Judge
from sqlgrpo.parsers.reading import UNFORESEEN
from sqlgrpo.types import Example, Parsed, Score, Verdict, Verifier

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """Which verifiers look at a query, and what their verdicts are worth.

    Every gate must score 1.0, or the reward is 0.0. Then the reward is 1.0 when the decisive
    verifier scores 1.0; otherwise it is ``partial`` times the weighted mean of the criteria.
    """

    verifiers: tuple[Verifier, ...]
    judge: Judge
    decisive: str | None
    partial: float
    gates: tuple[str, ...]
    weights: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Every verifier of the rubric, in the order in which they run."""
        return tuple(verifier.name for verifier in self.verifiers)

    def score(self, parsed: Parsed, example: Example) -> Score:
        """Judge one answer. There is one verdict per verifier, also when no SQL was found."""
        verdicts = tuple(self._verdict(verifier, parsed, example) for verifier in self.verifiers)
        reward = sum(self._shares(verdicts).values())
        return Score(reward=reward, parsed=parsed, verdicts=verdicts)

    def score_batch(self, pairs: Sequence[tuple[Parsed, Example]]) -> list[Score]:
        """Judge many answers; the judge runs all queries first, spread over its workers."""
        self.judge.prefetch([(p.sql, example) for p, example in pairs if p.sql is not None])
        return [self.score(parsed, example) for parsed, example in pairs]

    def contributions(self, score: Score) -> dict[str, float]:
        """What each verifier added to the reward; the values sum to it."""
        return self._shares(score.verdicts)

    def _verdict(self, verifier: Verifier, parsed: Parsed, example: Example) -> Verdict:
        if parsed.sql is None:
            return Verdict(verifier=verifier.name, score=0.0, reason=parsed.problem)
        try:
            return verifier(parsed.sql, example)
        except UNFORESEEN as bug:
            log.exception("%s cannot judge %r", verifier.name, parsed.sql)
            reason = f"it cannot be judged ({type(bug).__name__}: {bug})"
            return Verdict(verifier=verifier.name, score=0.0, reason=reason)

    def _shares(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        scores = {verdict.verifier: verdict.score for verdict in verdicts}
        shares = dict.fromkeys(self.names, 0.0)
        if any(scores[gate] < 1.0 for gate in self.gates):
            return shares
        if self.decisive is not None and scores[self.decisive] == 1.0:
            return {**shares, self.decisive: 1.0}
        return shares | {
            name: self.partial * weight * scores[name] for name, weight in self.weights.items()
        }
