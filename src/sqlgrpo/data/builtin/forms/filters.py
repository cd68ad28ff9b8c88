"""Forms that list columns of the rows that meet one to four conditions."""

from __future__ import annotations

from sqlgrpo.data.builtin import conditions, makers
from sqlgrpo.data.builtin.deal import SHOWN, Deal
from sqlgrpo.data.builtin.forms.draws import a_table
from sqlgrpo.data.builtin.forms.form import Form, Slots

LIST = "SELECT {a} FROM {t} WHERE {c.sql}"
ASK_ONE = (
    "List the {a.words} of every {t.one} {c.words}.",
    "What is the {a.words} of each {t.one} {c.words}?",
    "Show the {a.many} of all {t.many} {c.words}.",
    "Find the {t.many} {c.words} and give their {a.many}.",
    "For each {t.one} {c.words}, show the {a.words}.",
    "What are the {a.many} of the {t.many} {c.words}?",
)
compare = makers.compare


def _either_and(deal: Deal) -> Slots:
    table = deal.entity()
    shown = deal.field(table, SHOWN)
    first, second = makers.equal_text(deal, table), makers.compare_number(deal, table)
    where = conditions.either_and((first, second), compare(deal, table), deal.rng)
    return {"t": table, "a": shown, "c": where}


FILTERS = (
    Form(
        name="where_text",
        difficulty="easy",
        features="where",
        draw=a_table(a=SHOWN, where=(makers.equal_text,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_bound",
        difficulty="easy",
        features="where",
        draw=a_table(a=SHOWN, where=(makers.compare_number,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_number",
        difficulty="easy",
        features="where",
        draw=a_table(a=SHOWN, where=(makers.equal_number,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_not",
        difficulty="easy",
        features="where not",
        draw=a_table(a=SHOWN, where=(makers.differ,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_between",
        difficulty="easy",
        features="where between",
        draw=a_table(a=SHOWN, where=(makers.in_range,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_not_between",
        difficulty="medium",
        features="where between not",
        draw=a_table(a=SHOWN, where=(makers.out_of_range,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_in",
        difficulty="easy",
        features="where in",
        draw=a_table(a=SHOWN, where=(makers.in_list,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_not_in",
        difficulty="medium",
        features="where in not",
        draw=a_table(a=SHOWN, where=(makers.not_in_list,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="two_columns_where",
        difficulty="easy",
        features="where",
        draw=a_table(a=SHOWN, b=SHOWN, where=(compare,)),
        sql="SELECT {a}, {b} FROM {t} WHERE {c.sql}",
        phrasings=(
            "List the {a.words} and {b.words} of every {t.one} {c.words}.",
            "What are the {a.words} and the {b.words} of the {t.many} {c.words}?",
            "For each {t.one} {c.words}, show the {a.words} and the {b.words}.",
            "Find the {t.many} {c.words} and give their {a.many} and {b.many}.",
        ),
    ),
    Form(
        name="everything_where",
        difficulty="easy",
        features="where star",
        draw=a_table(where=(compare,)),
        sql="SELECT * FROM {t} WHERE {c.sql}",
        phrasings=(
            "Show all columns of every {t.one} {c.words}.",
            "Give all the details of the {t.many} {c.words}.",
            "List everything that is stored about the {t.many} {c.words}.",
        ),
    ),
    Form(
        name="where_two",
        difficulty="medium",
        features="where two",
        draw=a_table(a=SHOWN, where=(compare, compare)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_either",
        difficulty="medium",
        features="where or two",
        draw=a_table(a=SHOWN, where=(compare, compare), how="or"),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_three",
        difficulty="medium",
        features="where three",
        draw=a_table(a=SHOWN, where=(compare, compare, compare)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_four",
        difficulty="hard",
        features="where four",
        draw=a_table(a=SHOWN, where=(compare, compare, compare, compare)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="where_either_and",
        difficulty="hard",
        features="where or three",
        draw=_either_and,
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="distinct_where",
        difficulty="medium",
        features="distinct where",
        draw=a_table(g=("category",), where=(compare,)),
        sql="SELECT DISTINCT {g} FROM {t} WHERE {c.sql}",
        phrasings=(
            "What are the different {g.many} of the {t.many} {c.words}?",
            "List the distinct {g.many} among the {t.many} {c.words}.",
            "Which different {g.many} do the {t.many} {c.words} have?",
            "Show, without duplicates, the {g.many} of the {t.many} {c.words}.",
        ),
    ),
)
