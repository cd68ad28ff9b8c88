"""Forms with ORDER BY and LIMIT.

Wherever a LIMIT could cut through a tie, the question says how ties are broken, and the columns
shown are the ones ordered by, so that the answer is the same on every database.
"""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.deal import RANKED, SHOWN
from sqlgrpo.data.builtin.forms.draws import a_table, with_number
from sqlgrpo.data.builtin.forms.form import Form

LABEL = ("label",)
ranked_label = a_table(m=LABEL, n=RANKED)

ORDERS = (
    Form(
        name="order_up",
        difficulty="easy",
        features="order",
        draw=a_table(n=RANKED, a=SHOWN),
        sql="SELECT {a} FROM {t} ORDER BY {n}",
        phrasings=(
            "List the {a.words} of every {t.one}, ordered by {n.words} {n.rising}.",
            "Show the {a.many} of all {t.many} in ascending order of {n.words}.",
            "Sort the {t.many} by {n.words}, {n.least} first, and show their {a.many}.",
            "What are the {a.many} of the {t.many}, by increasing {n.words}?",
        ),
    ),
    Form(
        name="order_down",
        difficulty="easy",
        features="order desc",
        draw=a_table(n=RANKED, a=SHOWN),
        sql="SELECT {a} FROM {t} ORDER BY {n} DESC",
        phrasings=(
            "List the {a.words} of every {t.one}, ordered by {n.words} {n.falling}.",
            "Show the {a.many} of all {t.many} in descending order of {n.words}.",
            "Sort the {t.many} by {n.words}, {n.most} first, and show their {a.many}.",
            "What are the {a.many} of the {t.many}, by decreasing {n.words}?",
        ),
    ),
    Form(
        name="order_alphabetically",
        difficulty="easy",
        features="order",
        draw=a_table(m=("label", "category"), a=SHOWN),
        sql="SELECT {m}, {a} FROM {t} ORDER BY {m}",
        phrasings=(
            "Show the {m.words} and {a.words} of every {t.one} in alphabetical order of {m.words}.",
            "List the {m.words} and the {a.words} of all {t.many}, sorted by {m.words}.",
            "List all {t.many} by {m.words} and {a.words}, ordered alphabetically by {m.words}.",
        ),
    ),
    Form(
        name="order_where",
        difficulty="medium",
        features="order where",
        draw=a_table(n=RANKED, a=SHOWN, where=(makers.compare,)),
        sql="SELECT {a} FROM {t} WHERE {c.sql} ORDER BY {n}",
        phrasings=(
            "List the {a.words} of the {t.many} {c.words}, ordered by {n.words} {n.rising}.",
            "For {t.many} {c.words}, show the {a.many} in ascending order of {n.words}.",
            "Sort the {t.many} {c.words} by {n.words}, {n.least} first, and show their {a.many}.",
        ),
    ),
    Form(
        name="order_down_where",
        difficulty="medium",
        features="order desc where",
        draw=a_table(n=RANKED, a=SHOWN, where=(makers.compare,)),
        sql="SELECT {a} FROM {t} WHERE {c.sql} ORDER BY {n} DESC",
        phrasings=(
            "List the {a.words} of the {t.many} {c.words}, ordered by {n.words} {n.falling}.",
            "For {t.many} {c.words}, show the {a.many} in descending order of {n.words}.",
            "Sort the {t.many} {c.words} by {n.words}, {n.most} first, and show their {a.many}.",
        ),
    ),
    Form(
        name="order_by_two",
        difficulty="medium",
        features="order desc",
        draw=a_table(g=("category",), n=RANKED, a=SHOWN),
        sql="SELECT {a} FROM {t} ORDER BY {g}, {n} DESC",
        phrasings=(
            "List the {a.words} of every {t.one}, sorted by {g.words} and then by {n.words} "
            "{n.falling}.",
            "Show the {a.many} of all {t.many}, ordered by {g.words} alphabetically and, within "
            "it, by {n.words} in descending order.",
            "Order the {t.many} by {g.words}, then by decreasing {n.words}, and show their "
            "{a.words}.",
        ),
    ),
    Form(
        name="top",
        difficulty="medium",
        features="order desc limit",
        draw=with_number(ranked_label, 2, 5),
        sql="SELECT {m} FROM {t} ORDER BY {n} DESC, {m} LIMIT {k}",
        phrasings=(
            "List the {m.many} of the {k} {t.many} with the {n.most} {n.words}, ties by {m.words}.",
            "Which {k} {t.many} have the {n.most} {n.words}? Show their {m.words}, {n.most} "
            "first, ties by {m.words}.",
            "Show the {m.words} of the top {k} {t.many} by {n.words}, ties by {m.words}.",
        ),
    ),
    Form(
        name="bottom",
        difficulty="medium",
        features="order limit",
        draw=with_number(ranked_label, 2, 5),
        sql="SELECT {m} FROM {t} ORDER BY {n}, {m} LIMIT {k}",
        phrasings=(
            "List the {m.many} of the {k} {t.many} with the {n.least} {n.words}, ties by "
            "{m.words}.",
            "Which {k} {t.many} have the {n.least} {n.words}? Show their {m.words}, {n.least} "
            "first, ties by {m.words}.",
            "Show the {m.words} of the bottom {k} {t.many} by {n.words}, ties by {m.words}.",
        ),
    ),
    Form(
        name="first",
        difficulty="medium",
        features="order desc limit",
        draw=ranked_label,
        sql="SELECT {m} FROM {t} ORDER BY {n} DESC, {m} LIMIT 1",
        phrasings=(
            "What is the {m.words} of the one {t.one} with the {n.most} {n.words}, ties by "
            "{m.words}?",
            "Give the {m.words} of the single {t.one} {t.that} has the {n.most} {n.words}; "
            "break ties "
            "by {m.words}.",
            "Show only the first {t.one} by decreasing {n.words}, ties by {m.words}: {t.its} "
            "{m.words}.",
        ),
    ),
    Form(
        name="last",
        difficulty="medium",
        features="order limit",
        draw=ranked_label,
        sql="SELECT {m} FROM {t} ORDER BY {n}, {m} LIMIT 1",
        phrasings=(
            "What is the {m.words} of the one {t.one} with the {n.least} {n.words}, ties by "
            "{m.words}?",
            "Give the {m.words} of the single {t.one} {t.that} has the {n.least} {n.words}; break "
            "ties by {m.words}.",
            "Show only the first {t.one} by increasing {n.words}, ties by {m.words}: {t.its} "
            "{m.words}.",
        ),
    ),
    Form(
        name="top_values",
        difficulty="easy",
        features="order desc limit",
        draw=with_number(a_table(n=RANKED), 2, 5),
        sql="SELECT {n} FROM {t} ORDER BY {n} DESC LIMIT {k}",
        phrasings=(
            "What are the {k} {n.most} {n.many} of the {t.many}, with repeats, {n.most} first?",
            "Show the {n.words} of the {k} {t.many} with the {n.most} {n.words}, {n.most} first.",
            "List the top {k} {n.many} of all {t.many} in descending order.",
        ),
    ),
    Form(
        name="top_where",
        difficulty="hard",
        features="order desc limit where",
        draw=with_number(a_table(m=LABEL, n=RANKED, where=(makers.compare,)), 2, 5),
        sql="SELECT {m}, {n} FROM {t} WHERE {c.sql} ORDER BY {n} DESC, {m} LIMIT {k}",
        phrasings=(
            "Among the {t.many} {c.words}, show the {m.words} and {n.words} of the {k} with the "
            "{n.most} {n.words}, ties by {m.words}.",
            "List the {m.words} and {n.words} of the top {k} by {n.words} of the {t.many} "
            "{c.words}, ties by {m.words}.",
            "For the {t.many} {c.words}, give the {m.words} and {n.words} of the {k} with the "
            "{n.most} {n.words}, breaking ties by {m.words}.",
        ),
    ),
)
