"""A question form: one shape of SQL, and several ways to ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlgrpo.data.builtin.deal import Deal
from sqlgrpo.data.builtin.words import sentence

Slots: TypeAlias = Mapping[str, object]
"""What fills the braces of a form's templates: tables, columns, conditions, numbers."""

Draw: TypeAlias = Callable[[Deal], Slots]
"""Chooses the slots, or raises ``Unsuitable`` when the topic cannot fill them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One shape of SQL and several ways to ask for it.

    The templates are format strings over the slots: in ``sql``, ``{t}`` is a table's SQL name;
    in ``phrasings``, ``{t.one}`` and ``{t.many}`` are its words.
    """

    name: str
    difficulty: str
    """``easy``, ``medium`` or ``hard``."""
    features: str
    """The SQL features that the form practises, separated by spaces."""
    draw: Draw
    sql: str
    phrasings: tuple[str, ...]

    def ask(self, deal: Deal) -> tuple[str, str]:
        """One question and its gold."""
        slots = self.draw(deal)
        phrasing = deal.rng.choice(self.phrasings)
        return sentence(phrasing.format_map(slots)), self.sql.format_map(slots)
