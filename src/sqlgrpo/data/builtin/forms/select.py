"""Forms that list columns of a whole table."""

from __future__ import annotations

from sqlgrpo.data.builtin.deal import SHOWN
from sqlgrpo.data.builtin.forms.draws import a_table
from sqlgrpo.data.builtin.forms.form import Form

GROUPS = ("category",)

SELECT = (
    Form(
        name="list_column",
        difficulty="easy",
        features="select",
        draw=a_table(a=SHOWN),
        sql="SELECT {a} FROM {t}",
        phrasings=(
            "List the {a.words} of every {t.one}.",
            "What is the {a.words} of each {t.one}?",
            "Show the {a.many} of all {t.many}.",
            "Give me the {a.words} for each of the {t.many}.",
            "What are the {a.many} of all the {t.many}?",
        ),
    ),
    Form(
        name="list_two",
        difficulty="easy",
        features="select",
        draw=a_table(a=SHOWN, b=SHOWN),
        sql="SELECT {a}, {b} FROM {t}",
        phrasings=(
            "List the {a.words} and {b.words} of every {t.one}.",
            "What are the {a.words} and the {b.words} of each {t.one}?",
            "For each {t.one}, show the {a.words} and the {b.words}.",
            "Show every {t.one}'s {a.words} together with {t.its} {b.words}.",
            "Give the {a.many} and {b.many} of all {t.many}.",
        ),
    ),
    Form(
        name="list_three",
        difficulty="easy",
        features="select",
        draw=a_table(a=SHOWN, b=SHOWN, d=SHOWN),
        sql="SELECT {a}, {b}, {d} FROM {t}",
        phrasings=(
            "List the {a.words}, {b.words} and {d.words} of every {t.one}.",
            "What are the {a.words}, the {b.words} and the {d.words} of each {t.one}?",
            "For all {t.many}, show the {a.words}, {b.words} and {d.words}.",
            "Give me the {a.words}, {b.words} and {d.words} for each {t.one}.",
        ),
    ),
    Form(
        name="list_everything",
        difficulty="easy",
        features="select star",
        draw=a_table(),
        sql="SELECT * FROM {t}",
        phrasings=(
            "Show all columns of every {t.one}.",
            "Give all the details of all {t.many}.",
            "List everything that is stored about the {t.many}.",
            "Show the complete {t.one} table.",
            "What is known about each {t.one}? Show all columns.",
        ),
    ),
    Form(
        name="distinct",
        difficulty="easy",
        features="distinct",
        draw=a_table(g=GROUPS),
        sql="SELECT DISTINCT {g} FROM {t}",
        phrasings=(
            "What are the different {g.many} of the {t.many}?",
            "List each {g.words} that occurs among the {t.many} once.",
            "Show the distinct {g.many} of all {t.many}.",
            "Which different {g.many} do the {t.many} have?",
            "List the {g.many} of the {t.many} without duplicates.",
        ),
    ),
    Form(
        name="distinct_pairs",
        difficulty="medium",
        features="distinct",
        draw=a_table(g=GROUPS, h=("category", "year", "level")),
        sql="SELECT DISTINCT {g}, {h} FROM {t}",
        phrasings=(
            "List the different combinations of {g.words} and {h.words} among the {t.many}.",
            "What are the distinct pairs of {g.words} and {h.words} of the {t.many}?",
            "Show each combination of {g.words} and {h.words} that {t.a_one} has, once.",
            "Which different combinations of {g.words} and {h.words} do the {t.many} have?",
        ),
    ),
)
