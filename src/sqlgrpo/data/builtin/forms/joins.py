"""Forms that join a table to the one its foreign key refers to, in the words "a car's owner"."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.deal import NUMBERS, RANKED, SHOWN
from sqlgrpo.data.builtin.forms.draws import a_link
from sqlgrpo.data.builtin.forms.form import Form

LABEL = ("label",)
GROUP = ("category",)
ADDED = ("amount",)
FROM = "FROM {s} JOIN {p} ON {link.on}"

JOINS = (
    Form(
        name="join_list",
        difficulty="medium",
        features="join",
        draw=a_link(child={"a": SHOWN}, parent={"b": SHOWN}),
        sql=f"SELECT {{a.full}}, {{b.full}} {FROM}",
        phrasings=(
            "List the {a.words} of every {s.one} together with the {b.words} of {s.its} {p.one}.",
            "For each {s.one}, show the {a.words} and the {p.one}'s {b.words}.",
            "What are the {a.words} of each {s.one} and the {b.words} of {s.its} {p.one}?",
            "Show each {s.one}'s {a.words} and {s.its} {p.one}'s {b.words}.",
        ),
    ),
    Form(
        name="join_parent_of",
        difficulty="medium",
        features="join where",
        draw=a_link(parent={"b": SHOWN}, where_child=(makers.compare,)),
        sql=f"SELECT {{b.full}} {FROM} WHERE {{c.full}}",
        phrasings=(
            "For each {s.one} {c.words}, show the {b.words} of {s.its} {p.one}.",
            "What is the {p.one}'s {b.words} for each {s.one} {c.words}?",
            "List the {p.one}'s {b.words} for every {s.one} {c.words}.",
        ),
    ),
    Form(
        name="join_where_parent",
        difficulty="medium",
        features="join where",
        draw=a_link(child={"a": SHOWN}, where_parent=(makers.compare,)),
        sql=f"SELECT {{a.full}} {FROM} WHERE {{d.full}}",
        phrasings=(
            "List the {a.words} of every {s.one} whose {p.one}'s {d.clause}.",
            "What is the {a.words} of each {s.one} whose {p.one}'s {d.clause}?",
            "Show the {a.many} of the {s.many} that belong to {p.a_one} {d.words}.",
            "Find the {a.many} of all {s.many} of {p.a_one} {d.words}.",
        ),
    ),
    Form(
        name="join_where_label",
        difficulty="medium",
        features="join where",
        draw=a_link(child={"a": SHOWN}, where_parent=(makers.equal_label,)),
        sql=f"SELECT {{a.full}} {FROM} WHERE {{d.full}}",
        phrasings=(
            "List the {a.words} of every {s.one} of the {p.one} {d.words}.",
            "What are the {a.many} of the {s.many} whose {p.one}'s {d.clause}?",
            "Show the {a.many} of the {s.many} that belong to the {p.one} {d.words}.",
        ),
    ),
    Form(
        name="join_where_both",
        difficulty="hard",
        features="join where two",
        draw=a_link(
            child={"a": SHOWN}, where_child=(makers.compare,), where_parent=(makers.compare,)
        ),
        sql=f"SELECT {{a.full}} {FROM} WHERE {{c.full}} AND {{d.full}}",
        phrasings=(
            "List the {a.words} of every {s.one} whose {c.clause} and whose {p.one}'s {d.clause}.",
            "Among the {s.many} {c.words}, show the {a.words} of those whose {p.one}'s {d.clause}.",
            "Find each {s.one} whose {c.clause} and whose {p.one}'s {d.clause}, and give {s.its} "
            "{a.words}.",
        ),
    ),
    Form(
        name="join_where_list",
        difficulty="hard",
        features="join where",
        draw=a_link(child={"a": SHOWN}, parent={"b": SHOWN}, where_child=(makers.compare,)),
        sql=f"SELECT {{a.full}}, {{b.full}} {FROM} WHERE {{c.full}}",
        phrasings=(
            "For each {s.one} {c.words}, show the {a.words} and the {b.words} of {s.its} {p.one}.",
            "List the {a.words} of every {s.one} {c.words} together with {s.its} {p.one}'s "
            "{b.words}.",
            "Show the {a.words} and the {p.one}'s {b.words} for all {s.many} {c.words}.",
        ),
    ),
    Form(
        name="join_count",
        difficulty="medium",
        features="join count where",
        draw=a_link(where_parent=(makers.compare,)),
        sql=f"SELECT COUNT(*) {FROM} WHERE {{d.full}}",
        phrasings=(
            "How many {s.many} belong to {p.a_one} {d.words}?",
            "Count the {s.many} whose {p.one}'s {d.clause}.",
            "What is the number of {s.many} whose {p.one}'s {d.clause}?",
        ),
    ),
    Form(
        name="join_average",
        difficulty="medium",
        features="join avg where",
        draw=a_link(child={"n": NUMBERS}, where_parent=(makers.compare,)),
        sql=f"SELECT AVG({{n.full}}) {FROM} WHERE {{d.full}}",
        phrasings=(
            "What is the average {n.words} of the {s.many} whose {p.one}'s {d.clause}?",
            "Compute the mean {n.words} of the {s.many} that belong to {p.a_one} {d.words}.",
            "Find the average {n.words} over all {s.many} whose {p.one}'s {d.clause}.",
        ),
    ),
    Form(
        name="join_sum",
        difficulty="medium",
        features="join sum where",
        draw=a_link(child={"n": ADDED}, where_parent=(makers.compare,)),
        sql=f"SELECT SUM({{n.full}}) {FROM} WHERE {{d.full}}",
        phrasings=(
            "What is the total {n.words} of the {s.many} whose {p.one}'s {d.clause}?",
            "Add up the {n.words} of the {s.many} that belong to {p.a_one} {d.words}.",
            "Compute the total {n.words} of all {s.many} whose {p.one}'s {d.clause}.",
        ),
    ),
    Form(
        name="join_max",
        difficulty="medium",
        features="join max where",
        draw=a_link(child={"n": RANKED}, where_parent=(makers.compare,)),
        sql=f"SELECT MAX({{n.full}}) {FROM} WHERE {{d.full}}",
        phrasings=(
            "What is the {n.most} {n.words} of the {s.many} whose {p.one}'s {d.clause}?",
            "Find the maximum {n.words} of the {s.many} that belong to {p.a_one} {d.words}.",
            "Among the {s.many} whose {p.one}'s {d.clause}, what is the {n.most} {n.words}?",
        ),
    ),
    Form(
        name="join_distinct",
        difficulty="hard",
        features="join distinct where",
        draw=a_link(parent={"g": GROUP}, where_child=(makers.compare,)),
        sql=f"SELECT DISTINCT {{g.full}} {FROM} WHERE {{c.full}}",
        phrasings=(
            "What are the different {p.one} {g.many} of the {s.many} {c.words}?",
            "List, without duplicates, the {p.one}'s {g.words} for every {s.one} {c.words}.",
            "Which distinct {g.many} do the {p.many} of the {s.many} {c.words} have?",
        ),
    ),
    Form(
        name="join_order",
        difficulty="hard",
        features="join order",
        draw=a_link(child={"n": RANKED, "a": SHOWN}, parent={"b": LABEL}),
        sql=f"SELECT {{a.full}}, {{b.full}} {FROM} ORDER BY {{n.full}}",
        phrasings=(
            "Show each {s.one}'s {a.words} and {s.its} {p.one}'s {b.words}, ordered by {n.words} "
            "{n.rising}.",
            "List the {a.words} of every {s.one} with the {b.words} of {s.its} {p.one}, by "
            "increasing "
            "{n.words}.",
            "Sort the {s.many} by {n.words}, {n.least} first, and show the {a.words} and the "
            "{p.one}'s {b.words}.",
        ),
    ),
)
