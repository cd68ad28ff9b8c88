"""Forms with a query inside a query."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.deal import NUMBERS, RANKED, SHOWN
from sqlgrpo.data.builtin.forms.draws import a_link, a_table
from sqlgrpo.data.builtin.forms.form import Form

GROUP = ("category",)
ABOVE_AVERAGE = (
    "List the {a.words} of every {t.one} whose {n.words} is above the average {n.words} of all "
    "{t.many}.",
    "What are the {a.many} of the {t.many} with an above-average {n.words}?",
    "Show the {a.words} of each {t.one} whose {n.words} is higher than average.",
)
BELOW_AVERAGE = (
    "List the {a.words} of every {t.one} whose {n.words} is below the average {n.words} of all "
    "{t.many}.",
    "What are the {a.many} of the {t.many} with a below-average {n.words}?",
    "Show the {a.words} of each {t.one} whose {n.words} is lower than average.",
)
HAVING_CHILD = "SELECT {m} FROM {p} WHERE {link.key} IN (SELECT {link.ref} FROM {s}"
WITHOUT_CHILD = "SELECT {m} FROM {p} WHERE {link.key} NOT IN (SELECT {link.ref} FROM {s}"

SUBQUERIES = (
    Form(
        name="above_average",
        difficulty="medium",
        features="subquery avg",
        draw=a_table(n=NUMBERS, a=SHOWN),
        sql="SELECT {a} FROM {t} WHERE {n} > (SELECT AVG({n}) FROM {t})",
        phrasings=ABOVE_AVERAGE,
    ),
    Form(
        name="below_average",
        difficulty="medium",
        features="subquery avg",
        draw=a_table(n=NUMBERS, a=SHOWN),
        sql="SELECT {a} FROM {t} WHERE {n} < (SELECT AVG({n}) FROM {t})",
        phrasings=BELOW_AVERAGE,
    ),
    Form(
        name="count_above_average",
        difficulty="medium",
        features="subquery avg count",
        draw=a_table(n=NUMBERS),
        sql="SELECT COUNT(*) FROM {t} WHERE {n} > (SELECT AVG({n}) FROM {t})",
        phrasings=(
            "How many {t.many} have an above-average {n.words}?",
            "Count the {t.many} whose {n.words} is above the average {n.words} of all {t.many}.",
            "What is the number of {t.many} whose {n.words} is higher than average?",
        ),
    ),
    Form(
        name="with_highest",
        difficulty="medium",
        features="subquery max",
        draw=a_table(n=RANKED, a=SHOWN),
        sql="SELECT {a} FROM {t} WHERE {n} = (SELECT MAX({n}) FROM {t})",
        phrasings=(
            "List the {a.words} of every {t.one} {t.that} has the {n.most} {n.words} of all, "
            "including "
            "ties.",
            "Which {t.many} have the {n.most} {n.words}? Show the {a.words} of all that tie.",
            "Show the {a.words} of each {t.one} whose {n.words} equals the maximum {n.words}.",
        ),
    ),
    Form(
        name="with_lowest",
        difficulty="medium",
        features="subquery min",
        draw=a_table(n=RANKED, a=SHOWN),
        sql="SELECT {a} FROM {t} WHERE {n} = (SELECT MIN({n}) FROM {t})",
        phrasings=(
            "List the {a.words} of every {t.one} {t.that} has the {n.least} {n.words} of all, "
            "including ties.",
            "Which {t.many} have the {n.least} {n.words}? Show the {a.words} of all that tie.",
            "Show the {a.words} of each {t.one} whose {n.words} equals the minimum {n.words}.",
        ),
    ),
    Form(
        name="highest_in_group",
        difficulty="hard",
        features="subquery max correlated",
        draw=a_table(n=RANKED, g=GROUP, a=SHOWN),
        sql="SELECT {a}, {g} FROM {t} AS x WHERE {n} = "
        "(SELECT MAX({n}) FROM {t} AS y WHERE y.{g} = x.{g})",
        phrasings=(
            "For each {g.words}, show the {a.words} and the {g.words} of every {t.one} with the "
            "{n.most} {n.words} for that {g.words}.",
            "List the {a.words} and {g.words} of each {t.one} {t.that} has the {n.most} {n.words} "
            "among the {t.many} with the same {g.words}.",
            "Within each {g.words}, which {t.many} have the maximum {n.words}? Show their "
            "{a.words} and {g.words}.",
        ),
    ),
    Form(
        name="with_any",
        difficulty="medium",
        features="subquery in",
        draw=a_link(parent={"m": SHOWN}),
        sql=HAVING_CHILD + ")",
        phrasings=(
            "List the {m.words} of every {p.one} {p.that} has at least one {s.one}.",
            "Which {p.many} have any {s.many}? Show the {m.words} of each.",
            "Show the {m.words} of each {p.one} with one or more {s.many}.",
        ),
    ),
    Form(
        name="with_any_where",
        difficulty="hard",
        features="subquery in where",
        draw=a_link(parent={"m": SHOWN}, where_child=(makers.compare,)),
        sql=HAVING_CHILD + " WHERE {c.sql})",
        phrasings=(
            "List the {m.words} of every {p.one} {p.that} has at least one {s.one} {c.words}.",
            "Which {p.many} have any {s.one} {c.words}? Show the {m.words} of each.",
            "Show the {m.words} of each {p.one} with one or more {s.many} {c.words}.",
        ),
    ),
    Form(
        name="without",
        difficulty="medium",
        features="subquery in not",
        draw=a_link(parent={"m": SHOWN}),
        sql=WITHOUT_CHILD + "{known})",
        phrasings=(
            "List the {m.words} of every {p.one} {p.that} has no {s.many}.",
            "Which {p.many} have no {s.one} at all? Show the {m.words} of each.",
            "Show the {m.words} of each {p.one} without any {s.one}.",
        ),
    ),
    Form(
        name="without_where",
        difficulty="hard",
        features="subquery in not where",
        draw=a_link(parent={"m": SHOWN}, where_child=(makers.compare,)),
        sql=WITHOUT_CHILD + " WHERE {c.sql}{and_known})",
        phrasings=(
            "List the {m.words} of every {p.one} {p.that} has no {s.one} {c.words}.",
            "Which {p.many} have no {s.many} {c.words}? Show the {m.words} of each.",
            "Show the {m.words} of each {p.one} without any {s.one} {c.words}.",
        ),
    ),
    Form(
        name="count_with",
        difficulty="hard",
        features="subquery in count where",
        draw=a_link(where_child=(makers.compare,)),
        sql="SELECT COUNT(*) FROM {p} WHERE {link.key} IN "
        "(SELECT {link.ref} FROM {s} WHERE {c.sql})",
        phrasings=(
            "How many {p.many} have at least one {s.one} {c.words}?",
            "Count the {p.many} with one or more {s.many} {c.words}.",
            "What is the number of {p.many} {p.that} have at least one {s.one} {c.words}?",
        ),
    ),
    Form(
        name="count_without",
        difficulty="medium",
        features="subquery in not count",
        draw=a_link(),
        sql="SELECT COUNT(*) FROM {p} WHERE {link.key} NOT IN (SELECT {link.ref} FROM {s}{known})",
        phrasings=(
            "How many {p.many} have no {s.many}?",
            "Count the {p.many} without any {s.one}.",
            "What is the number of {p.many} {p.that} have no {s.one}?",
        ),
    ),
)
