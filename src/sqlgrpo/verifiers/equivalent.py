"""Does the query return what the gold returns, on every database?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.databases import Judge
from sqlgrpo.types import Example, Verdict


@dataclass(frozen=True, slots=True)
class Equivalent:
    """1.0 when no database of the example's suite separates the query from the gold."""

    judge: Judge
    name = "equivalent"

    def __call__(self, sql: str, example: Example) -> Verdict:
        outcome = self.judge.judge(sql, example)
        if outcome.equivalent:
            return Verdict(verifier=self.name, score=1.0)
        return Verdict(verifier=self.name, score=0.0, reason=outcome.reason)
