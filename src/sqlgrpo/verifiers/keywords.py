"""Does the query use the clauses that the gold needs?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.parsers.schema import parse_schema
from sqlgrpo.parsers.sql import SqlSyntaxError, structure
from sqlgrpo.types import Example, Verdict
from sqlgrpo.verifiers.gold import agreement, difference, readable_gold


@dataclass(frozen=True, slots=True)
class Keywords:
    """Agreement (F1) with the gold on clauses, operators and aggregates, each in its context.

    Read from the tree: a keyword counts only inside one readable query, with the clauses in SQL's
    order, at the same level (main query, subquery, CTE) as in the gold, and where it works on a
    column of the schema. Prose, keyword lists and ``WHERE 1`` earn nothing; clauses that the gold
    does not have cost.
    """

    name = "keywords"

    def __call__(self, sql: str, example: Example) -> Verdict:
        schema = parse_schema(example.schema, example.dialect)
        gold = structure(readable_gold(example), example.dialect, example.quirks, example.schema)
        try:
            query = structure(sql, example.dialect, example.quirks, example.schema)
        except SqlSyntaxError as error:
            return Verdict(verifier=self.name, score=0.0, reason=str(error))
        found, wanted = query.operations, gold.operations
        if not any(schema.table(table) for table in query.tables):
            return Verdict(verifier=self.name, score=0.0, reason="reads no table of the schema")
        score, reason = agreement(found, wanted), difference(found, wanted)
        return Verdict(verifier=self.name, score=score, reason=reason)
