"""Does the query run?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.databases import Judge
from sqlgrpo.types import Example, Verdict


@dataclass(frozen=True, slots=True)
class Executes:
    """1.0 when the text is one permitted SELECT that finishes within its limits.

    ``SELECT 1`` runs too, so this verifier never decides a reward.
    """

    judge: Judge
    name = "executes"

    def __call__(self, sql: str, example: Example) -> Verdict:
        outcome = self.judge.judge(sql, example)
        if outcome.runs:
            return Verdict(verifier=self.name, score=1.0)
        return Verdict(verifier=self.name, score=0.0, reason=outcome.reason)
