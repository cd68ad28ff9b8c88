"""Forms with MAX, MIN, AVG and SUM over a whole table or the rows that meet a condition."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.deal import NUMBERS, RANKED
from sqlgrpo.data.builtin.forms.draws import a_table
from sqlgrpo.data.builtin.forms.form import Form

ADDED = ("amount",)
compare = makers.compare

AGGREGATES = (
    Form(
        name="max",
        difficulty="easy",
        features="max",
        draw=a_table(n=RANKED),
        sql="SELECT MAX({n}) FROM {t}",
        phrasings=(
            "What is the {n.most} {n.words} of any {t.one}?",
            "Find the {n.most} {n.words} among the {t.many}.",
            "Show the maximum {n.words} over all {t.many}.",
            "What is the {n.most} {n.words} of the {t.many}?",
        ),
    ),
    Form(
        name="min",
        difficulty="easy",
        features="min",
        draw=a_table(n=RANKED),
        sql="SELECT MIN({n}) FROM {t}",
        phrasings=(
            "What is the {n.least} {n.words} of any {t.one}?",
            "Find the {n.least} {n.words} among the {t.many}.",
            "Show the minimum {n.words} over all {t.many}.",
            "What is the {n.least} {n.words} of the {t.many}?",
        ),
    ),
    Form(
        name="average",
        difficulty="easy",
        features="avg",
        draw=a_table(n=NUMBERS),
        sql="SELECT AVG({n}) FROM {t}",
        phrasings=(
            "What is the average {n.words} of the {t.many}?",
            "Compute the mean {n.words} over all {t.many}.",
            "Find the average {n.words} of all {t.many}.",
            "What {n.words} do the {t.many} have on average?",
        ),
    ),
    Form(
        name="sum",
        difficulty="easy",
        features="sum",
        draw=a_table(n=ADDED),
        sql="SELECT SUM({n}) FROM {t}",
        phrasings=(
            "What is the total {n.words} of all {t.many}?",
            "Add up the {n.words} of all {t.many}.",
            "What is the sum of the {n.words} over all {t.many}?",
            "Compute the total {n.words} of the {t.many}.",
        ),
    ),
    Form(
        name="max_where",
        difficulty="easy",
        features="max where",
        draw=a_table(n=RANKED, where=(compare,)),
        sql="SELECT MAX({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "What is the {n.most} {n.words} of the {t.many} {c.words}?",
            "Find the {n.most} {n.words} among {t.many} {c.words}.",
            "Among all {t.many} {c.words}, what is the maximum {n.words}?",
        ),
    ),
    Form(
        name="min_where",
        difficulty="easy",
        features="min where",
        draw=a_table(n=RANKED, where=(compare,)),
        sql="SELECT MIN({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "What is the {n.least} {n.words} of the {t.many} {c.words}?",
            "Find the {n.least} {n.words} among {t.many} {c.words}.",
            "Among all {t.many} {c.words}, what is the minimum {n.words}?",
        ),
    ),
    Form(
        name="average_where",
        difficulty="easy",
        features="avg where",
        draw=a_table(n=NUMBERS, where=(compare,)),
        sql="SELECT AVG({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "What is the average {n.words} of the {t.many} {c.words}?",
            "Compute the mean {n.words} of all {t.many} {c.words}.",
            "Find the average {n.words} for {t.many} {c.words}.",
        ),
    ),
    Form(
        name="sum_where",
        difficulty="easy",
        features="sum where",
        draw=a_table(n=ADDED, where=(compare,)),
        sql="SELECT SUM({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "What is the total {n.words} of the {t.many} {c.words}?",
            "Add up the {n.words} of all {t.many} {c.words}.",
            "What is the sum of the {n.words} over the {t.many} {c.words}?",
        ),
    ),
    Form(
        name="min_and_max",
        difficulty="easy",
        features="min max",
        draw=a_table(n=RANKED),
        sql="SELECT MIN({n}), MAX({n}) FROM {t}",
        phrasings=(
            "What are the {n.least} and the {n.most} {n.words} of the {t.many}?",
            "Find the minimum and maximum {n.words} of all {t.many}.",
            "Show the {n.least} and {n.most} {n.words} among the {t.many}.",
        ),
    ),
    Form(
        name="count_and_average",
        difficulty="medium",
        features="count avg",
        draw=a_table(n=NUMBERS, where=(compare,)),
        sql="SELECT COUNT(*), AVG({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "How many {t.many} are there {c.words}, and what is their average {n.words}?",
            "Give the number of {t.many} {c.words} and their average {n.words}.",
            "Count the {t.many} {c.words} and compute their mean {n.words}.",
        ),
    ),
    Form(
        name="average_of_two",
        difficulty="medium",
        features="avg",
        draw=a_table(n=NUMBERS, m=NUMBERS),
        sql="SELECT AVG({n}), AVG({m}) FROM {t}",
        phrasings=(
            "What are the average {n.words} and the average {m.words} of the {t.many}?",
            "Compute the mean {n.words} and the mean {m.words} over all {t.many}.",
            "Show the average {n.words} and average {m.words} of all {t.many}.",
        ),
    ),
    Form(
        name="three_aggregates",
        difficulty="medium",
        features="min avg max where",
        draw=a_table(n=NUMBERS, where=(compare,)),
        sql="SELECT MIN({n}), AVG({n}), MAX({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "What are the lowest, average and highest {n.words} of the {t.many} {c.words}?",
            "Show the minimum, mean and maximum {n.words} of all {t.many} {c.words}.",
            "Find the lowest, the average and the highest {n.words} among {t.many} {c.words}.",
        ),
    ),
    Form(
        name="average_two_conditions",
        difficulty="medium",
        features="avg where two",
        draw=a_table(n=NUMBERS, where=(compare, compare)),
        sql="SELECT AVG({n}) FROM {t} WHERE {c.sql}",
        phrasings=(
            "What is the average {n.words} of the {t.many} {c.words}?",
            "Compute the mean {n.words} of all {t.many} {c.words}.",
            "Find the average {n.words} for {t.many} {c.words}.",
        ),
    ),
)
