"""Ready-made draws: a table or a foreign key, with the columns and conditions a form needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlgrpo.data.builtin import conditions
from sqlgrpo.data.builtin.deal import Deal
from sqlgrpo.data.builtin.forms.form import Draw, Slots
from sqlgrpo.data.builtin.makers import Maker
from sqlgrpo.data.builtin.topic import Entity

Kinds = tuple[str, ...]

FILLED = frozenset("nmgh")
"""Slots that are ranked, aggregated or grouped by: with NULLs the question would be ambiguous."""


def a_table(*, where: Sequence[Maker] = (), how: str = "and", **columns: Kinds) -> Draw:
    """A table ``t``, its columns by slot name, and conditions ``c`` joined by ``how``."""

    def draw(deal: Deal) -> Slots:
        table = deal.entity()
        return {"t": table, **_columns(deal, table, columns), **_where(deal, table, where, how)}

    return draw


def a_link(
    *,
    child: Mapping[str, Kinds] | None = None,
    parent: Mapping[str, Kinds] | None = None,
    where_child: Sequence[Maker] = (),
    where_parent: Sequence[Maker] = (),
) -> Draw:
    """Two tables joined by a foreign key.

    ``s`` is the table with the foreign key ("several" rows), ``p`` its parent ("one" row), and
    ``link`` the key itself. ``c`` restricts ``s``, and ``d`` restricts ``p``. ``known`` and
    ``and_known`` leave out NULL keys, which would make NOT IN true of nothing.
    """

    def draw(deal: Deal) -> Slots:
        link = deal.link()
        known = f"{link.ref} IS NOT NULL" if link.ref.nullable else ""
        slots: dict[str, object] = {"s": link.child, "p": link.parent, "link": link}
        slots |= {"known": known and f" WHERE {known}", "and_known": known and f" AND {known}"}
        slots |= _columns(deal, link.parent, parent or {}) | _columns(deal, link.child, child or {})
        slots |= _where(deal, link.child, where_child) | _where(
            deal, link.parent, where_parent, slot="d"
        )
        return slots

    return draw


def with_number(draw: Draw, low: int, high: int) -> Draw:
    """The draw, and a whole number ``k`` from low to high."""

    def drawn(deal: Deal) -> Slots:
        return {**draw(deal), "k": deal.rng.randint(low, high)}

    return drawn


def _columns(deal: Deal, table: Entity, columns: Mapping[str, Kinds]) -> dict[str, object]:
    return {
        slot: deal.field(table, kinds, nullable=False if slot in FILLED else None)
        for slot, kinds in columns.items()
    }


def _where(
    deal: Deal, table: Entity, makers: Sequence[Maker], how: str = "and", slot: str = "c"
) -> dict[str, object]:
    if not makers:
        return {}
    return {slot: conditions.joined([make(deal, table) for make in makers], deal.rng, how)}
