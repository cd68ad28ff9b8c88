"""What every family of mutants may ask about the query it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.profile import Place, Places
from sqlgrpo.parsers.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class Context:
    schema: Schema
    places: Places
    casefold: bool

    def column(self, node: exp.Expr) -> Column | None:
        place = self.places.of(node)
        return self.schema.column(*place) if place else None

    def alike(self, place: Place) -> Iterator[str]:
        """Names of other columns of the same table that hold the same kind of value."""
        table = self.schema.table(place[0])
        own = self.schema.column(*place)
        for other in table.columns if table and own else ():
            if own and other is not own and kind(other, []) == kind(own, []):
                yield other.name


def changed(node: exp.Expr, **arguments: object) -> exp.Expr:
    """A copy of a node with some of its arguments replaced."""
    copy = node.copy()
    for name, value in arguments.items():
        copy.set(name, value)
    return copy


def number(value: float) -> exp.Expr:
    return exp.Neg(this=exp.Literal.number(-value)) if value < 0 else exp.Literal.number(value)
