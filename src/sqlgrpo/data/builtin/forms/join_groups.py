"""Forms that count or aggregate one table's rows for each row or group of another."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.deal import NUMBERS
from sqlgrpo.data.builtin.forms.draws import a_link, with_number
from sqlgrpo.data.builtin.forms.form import Form

LABEL = ("label",)
GROUP = ("category",)
ADDED = ("amount",)
FROM = "FROM {s} JOIN {p} ON {link.on}"
by_parent = a_link(parent={"m": LABEL})

JOIN_GROUPS = (
    Form(
        name="join_group_count",
        difficulty="medium",
        features="join group count",
        draw=by_parent,
        sql=f"SELECT {{m.full}}, COUNT(*) {FROM} GROUP BY {{link.key.full}}",
        phrasings=(
            "For each {p.one} with at least one {s.one}, show the {m.words} and the number of "
            "{s.many}.",
            "How many {s.many} does each {p.one} have? Show the {m.words} and the number, leaving "
            "out {p.many} without any.",
            "Count the {s.many} of each {p.one} {p.that} has some, and show it with the {p.one}'s "
            "{m.words}.",
        ),
    ),
    Form(
        name="join_count_all",
        difficulty="hard",
        features="left-join group count",
        draw=a_link(parent={"m": LABEL}),
        sql="SELECT {m.full}, COUNT({link.ref.full}) FROM {p} LEFT JOIN {s} ON {link.on} "
        "GROUP BY {link.key.full}",
        phrasings=(
            "For every {p.one}, also those without {s.many}, show the {m.words} and the number of "
            "{s.many}.",
            "How many {s.many} does each {p.one} have, counting 0 for none? Show the {m.words} "
            "and the number.",
            "List the {m.words} of all {p.many} with the number of their {s.many}, including "
            "zeros.",
        ),
    ),
    Form(
        name="join_group_category",
        difficulty="medium",
        features="join group count",
        draw=a_link(parent={"g": GROUP}),
        sql=f"SELECT {{g.full}}, COUNT(*) {FROM} GROUP BY {{g.full}}",
        phrasings=(
            "How many {s.many} are there for each {g.words} of their {p.one}?",
            "Show each {p.one} {g.words} and the number of {s.many} that belong to it.",
            "Count the {s.many} per {g.words} of the {p.one}.",
        ),
    ),
    Form(
        name="join_group_average",
        difficulty="hard",
        features="join group avg",
        draw=a_link(parent={"g": GROUP}, child={"n": NUMBERS}),
        sql=f"SELECT {{g.full}}, AVG({{n.full}}) {FROM} GROUP BY {{g.full}}",
        phrasings=(
            "What is the average {n.words} of the {s.many} for each {g.words} of their {p.one}?",
            "Show each {p.one} {g.words} and the average {n.words} of the {s.many} that belong to "
            "it.",
            "Compute the mean {n.words} of the {s.many} per {g.words} of the {p.one}.",
        ),
    ),
    Form(
        name="join_group_sum",
        difficulty="hard",
        features="join group sum",
        draw=a_link(parent={"m": LABEL}, child={"n": ADDED}),
        sql=f"SELECT {{m.full}}, SUM({{n.full}}) {FROM} GROUP BY {{link.key.full}}",
        phrasings=(
            "For each {p.one} with at least one {s.one}, show the {m.words} and the total "
            "{n.words} of {p.its} {s.many}.",
            "What is the total {n.words} of the {s.many} of each {p.one} {p.that} has any? "
            "Show the "
            "{m.words} and the total.",
            "Add up the {n.words} of the {s.many} per {p.one}, skip {p.many} without {s.many}, and "
            "show the {m.words} with the total.",
        ),
    ),
    Form(
        name="join_having",
        difficulty="hard",
        features="join group having count",
        draw=with_number(by_parent, 2, 3),
        sql=f"SELECT {{m.full}} {FROM} GROUP BY {{link.key.full}} HAVING COUNT(*) > {{k}}",
        phrasings=(
            "List the {m.words} of each {p.one} with more than {k} {s.many}.",
            "Which {p.many} have more than {k} {s.many}? Show the {m.words} of each.",
            "Find every {p.one} {p.that} has more than {k} {s.many} and give {p.its} {m.words}.",
        ),
    ),
    Form(
        name="join_most",
        difficulty="hard",
        features="join group count order desc limit",
        draw=by_parent,
        sql=f"SELECT {{m.full}} {FROM} GROUP BY {{link.key.full}} "
        "ORDER BY COUNT(*) DESC, {m.full} LIMIT 1",
        phrasings=(
            "What is the {m.words} of the {p.one} with the most {s.many}, ties by {m.words}?",
            "Which {p.one} has the largest number of {s.many}? Show {p.its} {m.words}; break "
            "ties by "
            "{m.words}.",
            "Find the {m.words} of the one {p.one} {p.that} has the most {s.many}, ties by "
            "{m.words}.",
        ),
    ),
    Form(
        name="join_group_count_where",
        difficulty="hard",
        features="join group count where",
        draw=a_link(parent={"g": GROUP}, where_child=(makers.compare,)),
        sql=f"SELECT {{g.full}}, COUNT(*) {FROM} WHERE {{c.full}} GROUP BY {{g.full}}",
        phrasings=(
            "How many {s.many} {c.words} are there for each {g.words} of their {p.one}?",
            "Counting only {s.many} {c.words}, show each {p.one} {g.words} and the number of "
            "{s.many}.",
            "For the {s.many} {c.words}, show the number per {g.words} of the {p.one}, with that "
            "{g.words}.",
        ),
    ),
)
