"""Forms over three tables: a chain of two foreign keys, or one table that links two others."""

from __future__ import annotations

from collections.abc import Callable

from sqlgrpo.data.builtin import conditions, makers
from sqlgrpo.data.builtin.deal import SHOWN, Deal, Unsuitable
from sqlgrpo.data.builtin.forms.form import Form, Slots
from sqlgrpo.data.builtin.topic import Link

LABEL = ("label",)
FROM = "FROM {s} JOIN {p} ON {first.on} JOIN {q} ON {second.on}"


def _chain(deal: Deal) -> Slots:
    """``s`` refers to ``p``, and ``p`` to ``q``; ``c`` restricts ``q``."""
    return _three(deal, lambda first, second: first.parent is second.child)


def _bridge(deal: Deal) -> Slots:
    """``s`` refers to both ``p`` and ``q``; ``c`` restricts ``q``."""
    return _three(deal, lambda first, second: first.child is second.child)


def _three(deal: Deal, fits: Callable[[Link, Link], bool]) -> Slots:
    pairs = [
        (first, second)
        for first in deal.topic.links
        for second in deal.topic.links
        if fits(first, second) and len({first.child, first.parent, second.parent}) == 3
    ]
    if not pairs:
        raise Unsuitable("two foreign keys in a row")
    first, second = deal.rng.choice(pairs)
    make = deal.rng.choice((makers.compare, makers.equal_text))
    where = {"c": conditions.joined([make(deal, second.parent)], deal.rng)}
    shown = {
        "a": deal.field(first.child, SHOWN),
        "b": deal.field(first.parent, LABEL),
        "m": deal.field(second.parent, ("label", "category", "amount", "level", "year")),
    }
    tables = {"s": first.child, "p": first.parent, "q": second.parent}
    return {**tables, **shown, **where, "first": first, "second": second}


THREE_TABLES = (
    Form(
        name="chain_list",
        difficulty="hard",
        features="join three-tables",
        draw=_chain,
        sql=f"SELECT {{a.full}}, {{m.full}} {FROM}",
        phrasings=(
            "For each {s.one}, show the {a.words} and the {m.words} of {s.its} {p.one}'s {q.one}.",
            "List the {a.words} of every {s.one} with the {m.words} of the {q.one} of {s.its} "
            "{p.one}.",
            "Show each {s.one}'s {a.words} together with the {m.words} of {s.its} {p.one}'s "
            "{q.one}.",
        ),
    ),
    Form(
        name="chain_where",
        difficulty="hard",
        features="join three-tables where",
        draw=_chain,
        sql=f"SELECT {{a.full}} {FROM} WHERE {{c.full}}",
        phrasings=(
            "List the {a.words} of every {s.one} whose {p.one} belongs to {q.a_one} {c.words}.",
            "Show the {a.many} of the {s.many} of each {p.one} that belongs to {q.a_one} "
            "{c.words}.",
            "What is the {a.words} of each {s.one} whose {p.one}'s {q.one} is one {c.words}?",
        ),
    ),
    Form(
        name="chain_count",
        difficulty="hard",
        features="join three-tables count where",
        draw=_chain,
        sql=f"SELECT COUNT(*) {FROM} WHERE {{c.full}}",
        phrasings=(
            "How many {s.many} have {p.a_one} that belongs to {q.a_one} {c.words}?",
            "Count the {s.many} whose {p.one} belongs to {q.a_one} {c.words}.",
            "What is the number of {s.many} whose {p.one} belongs to {q.a_one} {c.words}?",
        ),
    ),
    Form(
        name="bridge_list",
        difficulty="hard",
        features="join three-tables",
        draw=_bridge,
        sql=f"SELECT {{b.full}}, {{m.full}} {FROM}",
        phrasings=(
            "For each {s.one}, show the {p.one}'s {b.words} and the {q.one}'s {m.words}.",
            "List the {b.words} of the {p.one} and the {m.words} of the {q.one} for every {s.one}.",
            "What are the {p.one}'s {b.words} and the {q.one}'s {m.words} of each {s.one}?",
        ),
    ),
    Form(
        name="bridge_where",
        difficulty="hard",
        features="join three-tables where",
        draw=_bridge,
        sql=f"SELECT {{b.full}} {FROM} WHERE {{c.full}}",
        phrasings=(
            "For each {s.one} whose {q.one}'s {c.clause}, show the {p.one}'s {b.words}.",
            "What is the {p.one}'s {b.words} for every {s.one} whose {q.one}'s {c.clause}?",
            "List the {p.one}'s {b.words} for each {s.one} of {q.a_one} {c.words}.",
        ),
    ),
    Form(
        name="bridge_any",
        difficulty="hard",
        features="join three-tables subquery in where",
        draw=_bridge,
        sql="SELECT {b} FROM {p} WHERE {first.key} IN (SELECT {first.ref.full} FROM {s} "
        "JOIN {q} ON {second.on} WHERE {c.full})",
        phrasings=(
            "List the {b.words} of every {p.one} {p.that} has at least one {s.one} whose {q.one}'s "
            "{c.clause}.",
            "Which {p.many} have any {s.one} whose {q.one}'s {c.clause}? Show the {b.words} of "
            "each.",
            "Show the {b.words} of each {p.one} with one or more {s.many} of {q.a_one} {c.words}.",
        ),
    ),
)
