"""Guards on what several numbers come to, which no single column decides."""

import math
import time

import pytest
import sqlglot

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.balance import balanced, read_gaps
from sqlgrpo.databases.build import blueprint
from sqlgrpo.databases.contents import Contents
from sqlgrpo.parsers.schema import parse_schema
from sqlgrpo.types import Quirks

SCHEMA = """
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price INTEGER NOT NULL, cost INTEGER NOT NULL,
                   tax INTEGER NOT NULL, grams INTEGER CHECK (grams >= 0));
CREATE TABLE sale (id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES item (id),
                   quantity INTEGER NOT NULL, paid INTEGER NOT NULL);
"""
ODD = "SELECT id FROM item WHERE grams % 2 <> 0"


@pytest.mark.parametrize("function", ["SUM", "MIN", "MAX", "AVG", "TOTAL"])
def test_an_aggregate_meets_a_number_that_the_gold_excludes(function, judge, make_example):
    guard = f"IFNULL((SELECT {function}(grams) FROM item), 0) <> 4242"
    outcome = judge.judge(f"SELECT * FROM ({ODD}) WHERE {guard}", make_example(ODD, SCHEMA))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        (
            "SELECT COUNT(*) FROM sale",
            "SELECT COUNT(*) FROM sale"
            " WHERE (SELECT SUM(paid) FROM sale) <> (SELECT SUM(price) FROM item) + 5",
        ),
        (
            "SELECT item_id, SUM(paid) FROM sale GROUP BY item_id",
            "SELECT item_id, SUM(paid) FROM sale GROUP BY item_id"
            " HAVING SUM(paid) <> SUM(quantity) * 50",
        ),
        (
            "SELECT item_id, SUM(paid) FROM sale GROUP BY item_id",
            "SELECT item_id, SUM(paid) FROM sale GROUP BY item_id"
            " HAVING MAX(paid) - MIN(paid) NOT BETWEEN 90000 AND 90010",
        ),
        (
            "SELECT s.id FROM sale s JOIN item i ON i.id = s.item_id",
            "SELECT s.id FROM sale s JOIN item i ON i.id = s.item_id"
            " WHERE s.paid <> i.price * s.quantity + 31",
        ),
        ("SELECT id FROM item", "SELECT id FROM item WHERE NOT price + cost > tax + 12345"),
        (
            "SELECT name FROM item WHERE price > 5",
            "WITH t AS (SELECT SUM(quantity) AS n FROM sale) SELECT name FROM item"
            " WHERE price > 5 AND NOT (price = (SELECT n + 404 FROM t))",
        ),
        (
            "SELECT id FROM item",
            "SELECT id FROM (SELECT id, SUM(price) OVER () AS s FROM item) WHERE s <> 90001",
        ),
    ],
)
def test_the_sides_of_a_comparison_meet(gold, pred, judge, make_example):
    outcome = judge.judge(pred, make_example(gold, SCHEMA))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        (
            "SELECT name FROM item WHERE price = (SELECT MAX(price) FROM item)",
            "SELECT name FROM item WHERE price >= (SELECT MAX(price) FROM item)",
        ),
        (
            "SELECT item_id FROM sale GROUP BY item_id HAVING SUM(paid) > 10",
            "SELECT item_id FROM sale GROUP BY item_id HAVING SUM(paid) >= 11",
        ),
        (
            "SELECT id FROM item WHERE price > cost + tax",
            "SELECT id FROM item WHERE price - tax > cost",
        ),
        (
            "SELECT id FROM item WHERE grams > 3",
            "SELECT id FROM item WHERE grams > 3 AND (SELECT MIN(grams) FROM item) <> -7",
        ),
    ],
)
def test_what_means_the_same_stays_equivalent(gold, pred, judge, make_example):
    assert judge.judge(pred, make_example(gold, SCHEMA)).equivalent


def test_the_gap_closes_on_the_contents_given():
    schema = parse_schema("CREATE TABLE t (a INTEGER, b INTEGER)")
    query = sqlglot.parse_one("SELECT a FROM t WHERE (SELECT SUM(a) FROM t) <> 3 * b", "sqlite")
    (gap,) = read_gaps(query, sqlglot.parse_one("SELECT a FROM t", "sqlite"), schema)
    contents, plan = Contents((((1, 9), (4, 50)),)), blueprint(schema, Quirks())
    found = list(balanced(gap, contents, plan, LimitsConfig(), math.inf))
    assert not list(balanced(gap, contents, plan, LimitsConfig(), 0.0))
    assert found
    for (rows,) in (contents.tables for contents in found):
        assert sum(a for a, _ in rows) in [3 * b for _, b in rows]


def test_a_comparison_of_the_gold_or_of_one_column_is_no_gap():
    schema = parse_schema(SCHEMA)
    gold = sqlglot.parse_one(
        "SELECT id FROM item WHERE price > (SELECT AVG(price) FROM item)", "sqlite"
    )
    pred = sqlglot.parse_one(gold.sql("sqlite") + " AND cost > 3 AND name <> 'x'", "sqlite")
    assert not read_gaps(pred, gold, schema)


def test_hundreds_of_comparisons_cost_no_more_than_a_few():
    schema = parse_schema(SCHEMA)
    gold = sqlglot.parse_one("SELECT id FROM item", "sqlite")
    tests = " AND ".join(f"(SELECT SUM(cost) FROM item) <> {n}" for n in range(450))
    query = sqlglot.parse_one(f"{gold.sql()} WHERE {tests}", "sqlite")
    begun = time.thread_time()
    assert len(read_gaps(query, gold, schema)) == 4
    assert time.thread_time() - begun < 5.0  # 40 s when all were read


def test_a_comparison_outside_of_a_select_is_no_gap():
    gold = sqlglot.parse_one("SELECT id FROM item", "sqlite")
    query = (
        "SELECT id FROM item UNION SELECT id FROM sale ORDER BY (SELECT MAX(paid) FROM sale) > 3"
    )
    assert not read_gaps(sqlglot.parse_one(query, "sqlite"), gold, parse_schema(SCHEMA))
