"""Comparisons that others publish figures with, by name: to report beside ours, never to mix.

Each says whether a prediction's rows count as the gold's on one database, by its own rules with
its own blind spots: ``bird`` ignores duplicates and order, ``spider`` looks for the letters
"order by" anywhere in the gold, and all of them compare floats exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice, permutations

from sqlgrpo.databases.sqlite import Row, Rows

Metric = Callable[[str, Rows, Rows], bool]
MOST_PERMUTATIONS = 5_040


def spider_test_suite(gold_sql: str, gold: Rows, pred: Rows) -> bool:
    """Spider's test-suite accuracy: a bag of rows under some order of the columns."""
    if pred.error:
        return False
    if not gold.rows and not pred.rows:
        return True
    if len(gold.rows) != len(pred.rows) or gold.width != pred.width:
        return False
    ordered = "order by" in gold_sql.lower()
    for columns in islice(permutations(range(gold.width)), MOST_PERMUTATIONS):
        rows = tuple(tuple(row[i] for i in columns) for row in pred.rows)
        if rows == gold.rows or (not ordered and Counter(rows) == Counter(gold.rows)):
            return True
    return False


def bird(_gold_sql: str, gold: Rows, pred: Rows) -> bool:
    """BIRD's execution accuracy: the same set of rows."""
    return not pred.error and _set(gold) == _set(pred)


def strict(_gold_sql: str, gold: Rows, pred: Rows) -> bool:
    """The same rows, columns and order, exactly."""
    return not pred.error and gold.width == pred.width and gold.rows == pred.rows


METRICS: dict[str, Metric] = {
    "spider_test_suite": spider_test_suite,
    "bird": bird,
    "strict": strict,
}


def _set(result: Rows) -> set[Row]:
    return set(result.rows)
