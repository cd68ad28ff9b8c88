"""Does the text read as one query?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.parsers.sql import SqlSyntaxError, read
from sqlgrpo.types import Example, Verdict


@dataclass(frozen=True, slots=True)
class Syntax:
    """1.0 when the text is one query in the example's dialect; the reason shows the place."""

    name = "syntax"

    def __call__(self, sql: str, example: Example) -> Verdict:
        try:
            read(sql, example.dialect, example.quirks)
        except SqlSyntaxError as error:
            return Verdict(verifier=self.name, score=0.0, reason=str(error))
        return Verdict(verifier=self.name, score=1.0)
