"""Forms that count rows or different values."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.forms.draws import a_table
from sqlgrpo.data.builtin.forms.form import Form

GROUPS = ("category",)
COUNT_ROWS = "SELECT COUNT(*) FROM {t} WHERE {c.sql}"
ASK_COUNT = (
    "How many {t.many} are there {c.words}?",
    "Count the {t.many} {c.words}.",
    "What is the number of {t.many} {c.words}?",
    "Find out how many {t.many} there are {c.words}.",
    "Give the count of {t.many} {c.words}.",
)

COUNTS = (
    Form(
        name="count_all",
        difficulty="easy",
        features="count",
        draw=a_table(),
        sql="SELECT COUNT(*) FROM {t}",
        phrasings=(
            "How many {t.many} are there?",
            "Count the {t.many}.",
            "What is the total number of {t.many}?",
            "Give the number of {t.many}.",
            "How many {t.many} are there in all?",
        ),
    ),
    Form(
        name="count_text",
        difficulty="easy",
        features="count where",
        draw=a_table(where=(makers.equal_text,)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_bound",
        difficulty="easy",
        features="count where",
        draw=a_table(where=(makers.compare_number,)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_between",
        difficulty="easy",
        features="count where between",
        draw=a_table(where=(makers.in_range,)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_in",
        difficulty="medium",
        features="count where in",
        draw=a_table(where=(makers.in_list,)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_two",
        difficulty="medium",
        features="count where two",
        draw=a_table(where=(makers.compare, makers.compare)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_either",
        difficulty="medium",
        features="count where or two",
        draw=a_table(where=(makers.compare, makers.compare), how="or"),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_three",
        difficulty="hard",
        features="count where three",
        draw=a_table(where=(makers.compare, makers.compare, makers.compare)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="count_distinct",
        difficulty="easy",
        features="count distinct",
        draw=a_table(g=GROUPS),
        sql="SELECT COUNT(DISTINCT {g}) FROM {t}",
        phrasings=(
            "How many different {g.many} do the {t.many} have?",
            "Count the distinct {g.many} of the {t.many}.",
            "How many distinct {g.many} are there among the {t.many}?",
            "What is the number of different {g.many} of the {t.many}?",
        ),
    ),
    Form(
        name="count_distinct_where",
        difficulty="medium",
        features="count distinct where",
        draw=a_table(g=GROUPS, where=(makers.compare,)),
        sql="SELECT COUNT(DISTINCT {g}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "How many different {g.many} are there among the {t.many} {c.words}?",
            "Count the distinct {g.many} of the {t.many} {c.words}.",
            "What is the number of different {g.many} of the {t.many} {c.words}?",
        ),
    ),
)
