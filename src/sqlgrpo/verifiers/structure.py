"""How close is the query to the gold, clause by clause?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.parsers.sql import SqlSyntaxError, structure
from sqlgrpo.types import Example, Verdict
from sqlgrpo.verifiers.gold import agreement, difference, readable_gold

WEIGHTS: dict[str, float] = {
    "projections": 0.20,
    "tables": 0.15,
    "columns": 0.15,
    "joins": 0.10,
    "conditions": 0.20,
    "grouping": 0.10,
    "ordering": 0.05,
    "set_operations": 0.05,
}
"""What each clause counts. A clause that neither query has is left out, and its weight shared."""


@dataclass(frozen=True, slots=True)
class StructureMatch:
    """Weighted agreement (F1) with the gold on the parts of each clause: the dense signal.

    Aliases, spelling and the order of conditions do not matter. 1.0 for the gold itself.
    """

    name = "structure"

    def __call__(self, sql: str, example: Example) -> Verdict:
        gold = structure(readable_gold(example), example.dialect, example.quirks, example.schema)
        try:
            query = structure(sql, example.dialect, example.quirks, example.schema)
        except SqlSyntaxError as error:
            return Verdict(verifier=self.name, score=0.0, reason=str(error))
        pairs = {clause: (getattr(query, clause), getattr(gold, clause)) for clause in WEIGHTS}
        present = {clause: pair for clause, pair in pairs.items() if any(pair)}
        total = sum(WEIGHTS[clause] for clause in present)
        earned = sum(WEIGHTS[clause] * agreement(*pair) for clause, pair in present.items())
        differing = [clause for clause, pair in present.items() if difference(*pair)]
        if not differing:
            return Verdict(verifier=self.name, score=1.0)
        worst = differing[0]
        reason = f"{', '.join(differing)} differ; {worst}: {difference(*present[worst])}"
        return Verdict(verifier=self.name, score=earned / total, reason=reason[:300])
