"""Verifiers judge one query each. To add one, write a file here and name it in ``VERIFIERS``."""

from __future__ import annotations

from collections.abc import Callable

from sqlgrpo.databases import Judge
from sqlgrpo.errors import unknown
from sqlgrpo.types import Verifier
from sqlgrpo.verifiers.equivalent import Equivalent
from sqlgrpo.verifiers.exact import Exact
from sqlgrpo.verifiers.executes import Executes
from sqlgrpo.verifiers.keywords import Keywords
from sqlgrpo.verifiers.schema import SchemaUse
from sqlgrpo.verifiers.structure import StructureMatch
from sqlgrpo.verifiers.syntax import Syntax

VERIFIERS: dict[str, Callable[[Judge], Verifier]] = {
    "syntax": lambda _: Syntax(),
    "schema": lambda _: SchemaUse(),
    "keywords": lambda _: Keywords(),
    "structure": lambda _: StructureMatch(),
    "exact": lambda _: Exact(),
    "executes": Executes,
    "equivalent": Equivalent,
}


def build_verifier(name: str, judge: Judge) -> Verifier:
    """The verifier of that name; those that run queries share the judge."""
    if name not in VERIFIERS:
        raise unknown("verifier", name, VERIFIERS)
    return VERIFIERS[name](judge)


__all__ = ["VERIFIERS", "build_verifier"]
