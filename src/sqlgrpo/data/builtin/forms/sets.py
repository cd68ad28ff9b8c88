"""Forms with UNION, INTERSECT and EXCEPT; all three remove duplicates, and the questions say so."""

from __future__ import annotations

from sqlgrpo.data.builtin import conditions, makers
from sqlgrpo.data.builtin.deal import Deal, Unsuitable
from sqlgrpo.data.builtin.forms.draws import a_link
from sqlgrpo.data.builtin.forms.form import Form, Slots


def _two_tests(deal: Deal) -> Slots:
    """A category ``g`` of a table, and conditions ``c`` and ``d`` that its rows may meet."""
    table = deal.entity()
    group = deal.field(table, ("category",), nullable=False)
    first, second = makers.compare(deal, table), makers.compare(deal, table)
    return {
        "t": table,
        "g": group,
        "c": conditions.joined([first], deal.rng),
        "d": conditions.joined([second], deal.rng),
    }


def _two_tables(deal: Deal) -> Slots:
    """Columns ``a`` and ``b`` of two tables ``t`` and ``u`` that can hold the same values."""
    pairs = [
        (table, other, field, twin)
        for table in deal.topic.entities
        for other in deal.topic.entities
        for field in table.fields
        for twin in other.fields
        if table is not other
        and field.kind == twin.kind
        and field.kind in {"label", "category", "year"}
        and set(field.values) & set(twin.values)
        and not (field.nullable or twin.nullable)
    ]
    if not pairs:
        raise Unsuitable("two tables with columns alike")
    table, other, field, twin = deal.rng.choice(pairs)
    return {"t": table, "u": other, "a": field, "b": twin}


SETS = (
    Form(
        name="union_where",
        difficulty="hard",
        features="union where",
        draw=_two_tests,
        sql="SELECT {g} FROM {t} WHERE {c.sql} UNION SELECT {g} FROM {t} WHERE {d.sql}",
        phrasings=(
            "Combine the {g.many} of the {t.many} {c.words} with those of the {t.many} {d.words}, "
            "without duplicates.",
            "List the distinct {g.many} found among the {t.many} {c.words} or among the {t.many} "
            "{d.words}.",
            "Show the union of the {g.many} of {t.many} {c.words} and of {t.many} {d.words}.",
        ),
    ),
    Form(
        name="intersect",
        difficulty="hard",
        features="intersect where",
        draw=_two_tests,
        sql="SELECT {g} FROM {t} WHERE {c.sql} INTERSECT SELECT {g} FROM {t} WHERE {d.sql}",
        phrasings=(
            "Which different {g.many} have both {t.a_one} {c.words} and {t.a_one} {d.words}?",
            "List the distinct {g.many} found both among the {t.many} {c.words} and among the "
            "{t.many} {d.words}.",
            "Show the {g.many} shared by {t.many} {c.words} and {t.many} {d.words}, each once.",
        ),
    ),
    Form(
        name="except",
        difficulty="hard",
        features="except where",
        draw=_two_tests,
        sql="SELECT {g} FROM {t} WHERE {c.sql} EXCEPT SELECT {g} FROM {t} WHERE {d.sql}",
        phrasings=(
            "Which different {g.many} have {t.a_one} {c.words} but no {t.one} {d.words}?",
            "List the distinct {g.many} found among the {t.many} {c.words} but not among the "
            "{t.many} {d.words}.",
            "Show each {g.words} of the {t.many} {c.words} once, except those of {t.many} "
            "{d.words}.",
        ),
    ),
    Form(
        name="except_all_groups",
        difficulty="medium",
        features="except where",
        draw=_two_tests,
        sql="SELECT {g} FROM {t} EXCEPT SELECT {g} FROM {t} WHERE {c.sql}",
        phrasings=(
            "Which different {g.many} have no {t.one} {c.words}?",
            "List the distinct {g.many} of the {t.many}, except those of {t.many} {c.words}.",
            "Show each {g.words} once for which there is no {t.one} {c.words}.",
        ),
    ),
    Form(
        name="keys_without",
        difficulty="hard",
        features="except",
        draw=a_link(),
        sql="SELECT {link.key} FROM {p} EXCEPT SELECT {link.ref} FROM {s}",
        phrasings=(
            "List the {link.key.words} of every {p.one} that no {s.one} refers to.",
            "Which {link.key.many} of {p.many} occur in no {s.one}?",
            "Show the {link.key.many} of all {p.many}, except those that occur among the {s.many}.",
        ),
    ),
    Form(
        name="union_tables",
        difficulty="medium",
        features="union",
        draw=_two_tables,
        sql="SELECT {a} FROM {t} UNION SELECT {b} FROM {u}",
        phrasings=(
            "List the {a.many} of the {t.many} and the {b.many} of the {u.many} together, "
            "without duplicates.",
            "Combine the {a.many} of all {t.many} with the {b.many} of all {u.many}, each "
            "value once.",
            "Put the {a.words} of every {t.one} and the {b.words} of every {u.one} in one list "
            "without duplicates.",
        ),
    ),
    Form(
        name="intersect_tables",
        difficulty="medium",
        features="intersect",
        draw=_two_tables,
        sql="SELECT {a} FROM {t} INTERSECT SELECT {b} FROM {u}",
        phrasings=(
            "Which {a.many} of {t.many} are also {b.many} of {u.many}? List each once.",
            "List the distinct {a.many} of the {t.many} that also occur as the {b.words} of "
            "{u.a_one}.",
            "Show once each value that is both the {a.words} of {t.a_one} and the {b.words} of "
            "{u.a_one}.",
        ),
    ),
    Form(
        name="except_tables",
        difficulty="medium",
        features="except",
        draw=_two_tables,
        sql="SELECT {a} FROM {t} EXCEPT SELECT {b} FROM {u}",
        phrasings=(
            "Which {a.many} of {t.many} are not {b.many} of any {u.one}? List each once.",
            "List the distinct {a.many} of the {t.many} that do not occur as the {b.words} of "
            "{u.a_one}.",
            "Show once each value that is the {a.words} of {t.a_one} but not the {b.words} of "
            "any {u.one}.",
        ),
    ),
)
