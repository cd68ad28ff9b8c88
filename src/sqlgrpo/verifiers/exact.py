"""Is the query the gold, but for spelling?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.parsers.sql import SqlSyntaxError, normal_form
from sqlgrpo.types import Example, Verdict
from sqlgrpo.verifiers.gold import readable_gold


@dataclass(frozen=True, slots=True)
class Exact:
    """1.0 when query and gold have the same normal form. Many right queries have another."""

    name = "exact"

    def __call__(self, sql: str, example: Example) -> Verdict:
        gold = normal_form(readable_gold(example), example.dialect, example.quirks, example.schema)
        try:
            same = normal_form(sql, example.dialect, example.quirks, example.schema) == gold
        except SqlSyntaxError as error:
            return Verdict(verifier=self.name, score=0.0, reason=str(error))
        reason = "" if same else "another normal form than the gold"
        return Verdict(verifier=self.name, score=float(same), reason=reason)
