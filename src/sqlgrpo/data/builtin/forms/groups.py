"""Forms with GROUP BY and HAVING."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.conditions import COMPARISONS
from sqlgrpo.data.builtin.deal import NUMBERS, RANKED, Deal
from sqlgrpo.data.builtin.forms.draws import a_table, with_number
from sqlgrpo.data.builtin.forms.form import Form, Slots

GROUP = ("category",)
ADDED = ("amount",)
grouped = a_table(g=GROUP)
compare = makers.compare


def _having_average(deal: Deal) -> Slots:
    table = deal.entity()
    group = deal.field(table, GROUP, nullable=False)
    number = deal.field(table, NUMBERS, nullable=False, valued=True)
    operator = deal.rng.choice((">", "<"))
    verb = deal.rng.choice(COMPARISONS[operator])
    bound = deal.value(number)
    return {"t": table, "g": group, "n": number, "op": operator, "verb": verb, "v": bound}


GROUPS = (
    Form(
        name="group_count",
        difficulty="easy",
        features="group count",
        draw=grouped,
        sql="SELECT {g}, COUNT(*) FROM {t} GROUP BY {g}",
        phrasings=(
            "How many {t.many} are there for each {g.words}?",
            "Show each {g.words} and the number of {t.many} with it.",
            "For each {g.words}, show the {g.words} and the number of {t.many}.",
            "Count the {t.many} per {g.words}.",
            "List every {g.words} with its number of {t.many}.",
        ),
    ),
    Form(
        name="group_average",
        difficulty="easy",
        features="group avg",
        draw=a_table(g=GROUP, n=NUMBERS),
        sql="SELECT {g}, AVG({n}) FROM {t} GROUP BY {g}",
        phrasings=(
            "What is the average {n.words} of the {t.many} for each {g.words}?",
            "Show each {g.words} and the average {n.words} of its {t.many}.",
            "For each {g.words}, show the {g.words} and the mean {n.words} of the {t.many}.",
            "Compute the average {n.words} of the {t.many} per {g.words}.",
        ),
    ),
    Form(
        name="group_sum",
        difficulty="easy",
        features="group sum",
        draw=a_table(g=GROUP, n=ADDED),
        sql="SELECT {g}, SUM({n}) FROM {t} GROUP BY {g}",
        phrasings=(
            "What is the total {n.words} of the {t.many} for each {g.words}?",
            "Show each {g.words} and the total {n.words} of its {t.many}.",
            "For each {g.words}, show the {g.words} and the sum of the {n.words} of the {t.many}.",
            "Add up the {n.words} of the {t.many} per {g.words}.",
        ),
    ),
    Form(
        name="group_max",
        difficulty="easy",
        features="group max",
        draw=a_table(g=GROUP, n=RANKED),
        sql="SELECT {g}, MAX({n}) FROM {t} GROUP BY {g}",
        phrasings=(
            "What is the {n.most} {n.words} of the {t.many} for each {g.words}?",
            "Show each {g.words} and the {n.most} {n.words} of its {t.many}.",
            "For each {g.words}, show the {g.words} and the maximum {n.words} of the {t.many}.",
            "Find the {n.most} {n.words} of the {t.many} per {g.words}.",
        ),
    ),
    Form(
        name="group_min",
        difficulty="easy",
        features="group min",
        draw=a_table(g=GROUP, n=RANKED),
        sql="SELECT {g}, MIN({n}) FROM {t} GROUP BY {g}",
        phrasings=(
            "What is the {n.least} {n.words} of the {t.many} for each {g.words}?",
            "Show each {g.words} and the {n.least} {n.words} of its {t.many}.",
            "For each {g.words}, show the {g.words} and the minimum {n.words} of the {t.many}.",
            "Find the {n.least} {n.words} of the {t.many} per {g.words}.",
        ),
    ),
    Form(
        name="group_count_where",
        difficulty="medium",
        features="group count where",
        draw=a_table(g=GROUP, where=(compare,)),
        sql="SELECT {g}, COUNT(*) FROM {t} WHERE {c.sql} GROUP BY {g}",
        phrasings=(
            "How many {t.many} {c.words} are there for each {g.words}?",
            "Counting only {t.many} {c.words}, show each {g.words} and the number of {t.many}.",
            "For the {t.many} {c.words}, show each {g.words} with its number of {t.many}.",
        ),
    ),
    Form(
        name="group_average_where",
        difficulty="medium",
        features="group avg where",
        draw=a_table(g=GROUP, n=NUMBERS, where=(compare,)),
        sql="SELECT {g}, AVG({n}) FROM {t} WHERE {c.sql} GROUP BY {g}",
        phrasings=(
            "What is the average {n.words} of the {t.many} {c.words} for each {g.words}?",
            "Using only {t.many} {c.words}, show each {g.words} and the average {n.words}.",
            "For the {t.many} {c.words}, show each {g.words} with the mean {n.words}.",
        ),
    ),
    Form(
        name="group_two_aggregates",
        difficulty="medium",
        features="group count avg",
        draw=a_table(g=GROUP, n=NUMBERS),
        sql="SELECT {g}, COUNT(*), AVG({n}) FROM {t} GROUP BY {g}",
        phrasings=(
            "For each {g.words}, show the {g.words}, the number of {t.many} and their average "
            "{n.words}.",
            "How many {t.many} are there for each {g.words}, and what is their average {n.words}?",
            "List every {g.words} with its number of {t.many} and their mean {n.words}.",
        ),
    ),
    Form(
        name="group_range",
        difficulty="medium",
        features="group min max",
        draw=a_table(g=GROUP, n=RANKED),
        sql="SELECT {g}, MIN({n}), MAX({n}) FROM {t} GROUP BY {g}",
        phrasings=(
            "For each {g.words}, show the {g.words} and the {n.least} and {n.most} {n.words} of "
            "the {t.many}.",
            "What are the {n.least} and {n.most} {n.words} of the {t.many} for each {g.words}?",
            "List every {g.words} with the minimum and the maximum {n.words} of its {t.many}.",
        ),
    ),
    Form(
        name="group_pairs",
        difficulty="medium",
        features="group count",
        draw=a_table(g=GROUP, h=("category", "year")),
        sql="SELECT {g}, {h}, COUNT(*) FROM {t} GROUP BY {g}, {h}",
        phrasings=(
            "How many {t.many} are there for each combination of {g.words} and {h.words}?",
            "Show each combination of {g.words} and {h.words} with its number of {t.many}.",
            "Count the {t.many} per {g.words} and {h.words}.",
        ),
    ),
    Form(
        name="group_ordered",
        difficulty="medium",
        features="group count order desc",
        draw=grouped,
        sql="SELECT {g}, COUNT(*) FROM {t} GROUP BY {g} ORDER BY COUNT(*) DESC",
        phrasings=(
            "Show each {g.words} and its number of {t.many}, from the most {t.many} to the fewest.",
            "How many {t.many} are there for each {g.words}? Order by that number, highest first.",
            "Count the {t.many} per {g.words} and sort by the count in descending order.",
        ),
    ),
    Form(
        name="group_average_ordered",
        difficulty="hard",
        features="group avg order",
        draw=a_table(g=GROUP, n=NUMBERS),
        sql="SELECT {g}, AVG({n}) FROM {t} GROUP BY {g} ORDER BY AVG({n})",
        phrasings=(
            "Show each {g.words} and the average {n.words} of its {t.many}, from the lowest "
            "average to the highest.",
            "What is the average {n.words} of the {t.many} for each {g.words}? Order by that "
            "average, lowest first.",
            "Compute the mean {n.words} of the {t.many} per {g.words} and sort by it in ascending "
            "order.",
        ),
    ),
    Form(
        name="having_count",
        difficulty="medium",
        features="group having count",
        draw=with_number(grouped, 2, 4),
        sql="SELECT {g} FROM {t} GROUP BY {g} HAVING COUNT(*) > {k}",
        phrasings=(
            "Which {g.many} have more than {k} {t.many}?",
            "List each {g.words} shared by more than {k} {t.many}.",
            "Find the {g.many} that occur for more than {k} {t.many}.",
            "Show every {g.words} with over {k} {t.many}.",
        ),
    ),
    Form(
        name="having_count_at_least",
        difficulty="medium",
        features="group having count",
        draw=with_number(grouped, 2, 4),
        sql="SELECT {g}, COUNT(*) FROM {t} GROUP BY {g} HAVING COUNT(*) >= {k}",
        phrasings=(
            "Show each {g.words} with at least {k} {t.many}, and how many it has.",
            "For every {g.words} that has {k} or more {t.many}, show it and its number of "
            "{t.many}.",
            "List the {g.many} with at least {k} {t.many} together with the number of {t.many}.",
        ),
    ),
    Form(
        name="having_average",
        difficulty="medium",
        features="group having avg",
        draw=_having_average,
        sql="SELECT {g} FROM {t} GROUP BY {g} HAVING AVG({n}) {op} {v}",
        phrasings=(
            "Which {g.many} have {t.many} whose average {n.words} {verb} {v}?",
            "List each {g.words} for which the average {n.words} of the {t.many} {verb} {v}.",
            "Find the {g.many} where the mean {n.words} of the {t.many} {verb} {v}.",
        ),
    ),
    Form(
        name="having_where",
        difficulty="hard",
        features="group having count where",
        draw=with_number(a_table(g=GROUP, where=(compare,)), 2, 3),
        sql="SELECT {g} FROM {t} WHERE {c.sql} GROUP BY {g} HAVING COUNT(*) > {k}",
        phrasings=(
            "Which {g.many} have more than {k} {t.many} {c.words}?",
            "List each {g.words} shared by more than {k} {t.many} {c.words}.",
            "Counting only {t.many} {c.words}, find the {g.many} with more than {k} {t.many}.",
        ),
    ),
    Form(
        name="most_common",
        difficulty="hard",
        features="group count order desc limit",
        draw=grouped,
        sql="SELECT {g} FROM {t} GROUP BY {g} ORDER BY COUNT(*) DESC, {g} LIMIT 1",
        phrasings=(
            "Which {g.words} has the most {t.many}? Break ties by {g.words}.",
            "What is the most common {g.words} of the {t.many}, ties by {g.words}?",
            "Find the one {g.words} with the largest number of {t.many}, ties by {g.words}.",
        ),
    ),
)
