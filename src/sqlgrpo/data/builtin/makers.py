"""Makers of conditions: each draws a column and a value and gives one kind of test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sqlgrpo.data.builtin import conditions
from sqlgrpo.data.builtin.conditions import Condition
from sqlgrpo.data.builtin.deal import NUMBERS, RANKED, TESTED, Deal
from sqlgrpo.data.builtin.topic import Entity, Field

Maker: TypeAlias = Callable[[Deal, Entity], Condition]

NUMERIC_TESTS = (">", "<", ">", "<", ">=", "<=")
TEXTS = ("label", "category")


def compare(deal: Deal, table: Entity) -> Condition:
    """Any column but a name: text is equal, numbers and dates are compared."""
    tested = deal.field(table, ("category", *RANKED), valued=True)
    operators = (*NUMERIC_TESTS, "=") if tested.kind in RANKED else ("=",)
    return _comparison(deal, tested, deal.rng.choice(operators))


def compare_number(deal: Deal, table: Entity) -> Condition:
    """A number or a date above or below a bound."""
    return _comparison(deal, _ranked(deal, table), deal.rng.choice(NUMERIC_TESTS))


def equal_number(deal: Deal, table: Entity) -> Condition:
    return _comparison(deal, _ranked(deal, table), "=")


def equal_text(deal: Deal, table: Entity) -> Condition:
    return _comparison(deal, deal.field(table, TEXTS, valued=True), "=")


def equal_label(deal: Deal, table: Entity) -> Condition:
    return _comparison(deal, deal.field(table, ("label",), valued=True), "=")


def equal_category(deal: Deal, table: Entity) -> Condition:
    return _comparison(deal, deal.field(table, ("category",), valued=True), "=")


def differ(deal: Deal, table: Entity) -> Condition:
    """``!=`` on a column without NULLs, which SQL and people read differently."""
    tested = deal.field(table, ("category",), nullable=False, valued=True)
    return _comparison(deal, tested, "!=")


def in_range(deal: Deal, table: Entity) -> Condition:
    tested = _ranked(deal, table)
    low, high = deal.values(tested, 2)
    return conditions.between(tested, low, high, deal.rng)


def out_of_range(deal: Deal, table: Entity) -> Condition:
    tested = deal.field(table, NUMBERS, nullable=False, valued=True)
    low, high = deal.values(tested, 2)
    return conditions.between(tested, low, high, deal.rng, inside=False)


def in_list(deal: Deal, table: Entity) -> Condition:
    tested = deal.field(table, ("category",), valued=True)
    return conditions.one_of(tested, deal.values(tested, deal.rng.choice((2, 2, 3))), deal.rng)


def not_in_list(deal: Deal, table: Entity) -> Condition:
    tested = deal.field(table, ("category",), nullable=False, valued=True)
    return conditions.one_of(tested, deal.values(tested, 2), deal.rng, inside=False)


def starts(deal: Deal, table: Entity) -> Condition:
    return _like(deal, table, "{}%", slice(None, deal.rng.randint(1, 2)))


def ends(deal: Deal, table: Entity) -> Condition:
    return _like(deal, table, "%{}", slice(-deal.rng.randint(1, 3), None))


def contains(deal: Deal, table: Entity) -> Condition:
    start = deal.rng.randint(1, 2)
    return _like(deal, table, "%{}%", slice(start, start + deal.rng.randint(2, 3)))


def not_contains(deal: Deal, table: Entity) -> Condition:
    start = deal.rng.randint(1, 2)
    return _like(deal, table, "%{}%", slice(start, start + 2), inside=False)


def missing(deal: Deal, table: Entity) -> Condition:
    return conditions.null(deal.field(table, TESTED, nullable=True), deal.rng)


def recorded(deal: Deal, table: Entity) -> Condition:
    return conditions.null(deal.field(table, TESTED, nullable=True), deal.rng, missing=False)


def _ranked(deal: Deal, table: Entity) -> Field:
    return deal.field(table, RANKED, valued=True)


def _comparison(deal: Deal, tested: Field, operator: str) -> Condition:
    return conditions.comparison(tested, operator, deal.value(tested), deal.rng)


def _like(
    deal: Deal, table: Entity, pattern: str, part: slice, *, inside: bool = True
) -> Condition:
    nullable = None if inside else False
    tested = deal.field(table, TEXTS, nullable=nullable, valued=True)
    letters = str(deal.value(tested))[part].strip(" '%_")
    return conditions.like(tested, pattern, letters or "a", deal.rng, inside=inside)
