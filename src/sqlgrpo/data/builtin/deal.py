"""Draws tables, columns and values for one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from sqlgrpo.data.builtin.topic import Entity, Field, Link, Topic, Value

NUMBERS = ("amount", "level")
RANKED = ("amount", "level", "year", "date")
SHOWN = ("label", "category", "amount", "level", "year", "date", "text")
TESTED = ("label", "category", "amount", "level", "year", "date")

T = TypeVar("T")


class Unsuitable(Exception):
    """The topic has no table, column or value of the kind that a form asks for."""


@dataclass(kw_only=True)
class Deal:
    """One question being made; no column is dealt twice."""

    topic: Topic
    rng: Random
    dealt: list[Field] = field(default_factory=list)

    def entity(self) -> Entity:
        return self.rng.choice(self.topic.entities)

    def link(self) -> Link:
        """A foreign key between two tables that no other foreign key joins."""
        pairs = [{link.child.name, link.parent.name} for link in self.topic.links]
        single = [
            link
            for link, pair in zip(self.topic.links, pairs, strict=True)
            if len(pair) == 2 and pairs.count(pair) == 1
        ]
        return self._choose(single, "foreign key")

    def field(
        self,
        entity: Entity,
        kinds: Sequence[str],
        *,
        nullable: bool | None = None,
        valued: bool = False,
    ) -> Field:
        """A column of one of these kinds that was not dealt before."""
        fits = [
            candidate
            for candidate in entity.fields
            if candidate.kind in kinds
            and candidate not in self.dealt
            and (nullable is None or candidate.nullable == nullable)
            and (candidate.values or not valued)
        ]
        chosen = self._choose(fits, f"column of kind {kinds}")
        self.dealt.append(chosen)
        return chosen

    def value(self, of: Field) -> Value:
        """A literal; for numbers not one of the ends, so that every comparison can separate."""
        inner = of.values[1:-1] if of.kind in RANKED and len(of.values) > 3 else of.values
        return self.rng.choice(inner)

    def values(self, of: Field, count: int) -> list[Value]:
        """Several different literals, in the order in which the column lists them."""
        if len(of.values) < count:
            raise Unsuitable(f"{count} values of {of.name}")
        places = sorted(self.rng.sample(range(len(of.values)), count))
        return [of.values[place] for place in places]

    def _choose(self, fits: Sequence[T], what: str) -> T:
        if not fits:
            raise Unsuitable(what)
        return self.rng.choice(fits)
