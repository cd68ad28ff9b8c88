"""Guards that hold but on databases of one kind, beside golds that return rows on few."""

import pytest

from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.variants import without
from sqlgrpo.parsers.schema import parse_schema

SCHEMA = """
CREATE TABLE hive (id INTEGER PRIMARY KEY, name TEXT, shade BOOLEAN);
CREATE TABLE harvest (id INTEGER PRIMARY KEY, hive_id INTEGER REFERENCES hive (id), taken DATE,
                      kilos REAL, jars INTEGER);
"""
GOLDS = [
    "SELECT hive_id FROM harvest WHERE strftime('%Y', taken) = '2024'",
    "SELECT jars FROM harvest GROUP BY jars HAVING COUNT(*) >= 12",
    "SELECT name FROM hive WHERE NOT EXISTS (SELECT 1 FROM harvest WHERE hive_id = hive.id)",
    "SELECT name FROM hive WHERE CAST(name AS INTEGER) > 5 AND shade IS NULL",
    "SELECT name FROM hive GROUP BY name HAVING COUNT(*) = 1",
]


@pytest.mark.parametrize("gold", GOLDS)
@pytest.mark.parametrize(
    "guard",
    [
        "(SELECT COUNT(name) FROM hive) <> 1",
        "(SELECT COUNT(kilos) FROM harvest) > 0",
        "IFNULL((SELECT MAX(id) FROM hive), 0) <> 4242",
        "IFNULL((SELECT SUM(id) FROM harvest), 0) <> 4242",
        "IFNULL((SELECT AVG(kilos) FROM harvest), 0) <> 4242",
        "(SELECT COUNT(*) FROM harvest) NOT IN (17, 33, 60)",
        "NOT EXISTS (SELECT 1 FROM harvest WHERE jars > 424242)",
        "NOT EXISTS (SELECT 1 FROM harvest WHERE kilos < -424242)",
        "(SELECT COUNT(*) FROM hive) NOT BETWEEN 40 AND 45",
    ],
)
def test_a_guard_is_put_to_the_test_while_the_gold_returns_rows(gold, guard, judge, make_example):
    outcome = judge.judge(f"SELECT * FROM ({gold}) WHERE {guard}", make_example(gold, SCHEMA))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("gold", "guard"),
    [
        (
            "SELECT id FROM harvest WHERE jars % 2 <> 0",
            "IFNULL((SELECT MAX(jars) FROM harvest), 0)",
        ),
        (
            "SELECT id FROM harvest WHERE jars % 2 <> 0",
            "IFNULL((SELECT SUM(jars) FROM harvest), 0)",
        ),
        ("SELECT name FROM hive WHERE name = 'oak'", "IFNULL((SELECT SUM(jars) FROM harvest), 0)"),
        ("SELECT id FROM harvest WHERE jars = 3", "IFNULL((SELECT MAX(jars) FROM harvest), 0)"),
        (
            "SELECT id FROM hive WHERE strftime('%d', name) = '01'",
            "IFNULL((SELECT MAX(LENGTH(name)) FROM hive), 0)",
        ),
    ],
)
def test_a_value_comes_among_others_that_the_gold_needs(gold, guard, judge, make_example):
    pred = f"SELECT * FROM ({gold}) WHERE {guard} <> 4242"
    assert not judge.judge(pred, make_example(gold, SCHEMA)).equivalent


def test_a_guard_before_a_comment_without_an_end_is_read(judge, make_example):
    gold = "SELECT shade FROM hive WHERE id NOT IN (SELECT hive_id FROM harvest WHERE hive_id > 0)"
    guard = "(SELECT COUNT(shade) FROM hive) <> 0 /* and so on"
    pred = f"SELECT * FROM ({gold}) WHERE {guard}"
    assert not judge.judge(pred, make_example(gold, SCHEMA)).equivalent


def test_no_boolean_is_larger_than_one(judge, make_example):
    gold = GOLDS[3]
    guard = "IFNULL((SELECT MAX(shade) FROM hive), 0) <> 4242"
    pred = f"SELECT * FROM ({gold}) WHERE {guard}"
    assert judge.judge(pred, make_example(gold, SCHEMA)).equivalent


def test_rows_that_refer_to_an_emptied_table_stay_if_they_may():
    contents = Contents((((1, "a", 1),), ((5, 1, "2024-01-01", 2.5, 3),)))
    left = without(contents, parse_schema(SCHEMA), "hive")
    assert left.tables == ((), ((5, None, "2024-01-01", 2.5, 3),))


CHAIN = """CREATE TABLE node (id INTEGER PRIMARY KEY, label TEXT NOT NULL,
  parent INTEGER REFERENCES node (id) CHECK (parent < id))"""
BELOW = (
    "WITH RECURSIVE d(id) AS (SELECT id FROM node WHERE parent = {0} UNION "
    "SELECT n.id FROM node n JOIN d ON n.parent = d.id) SELECT id FROM d"
)
TWO_LEVELS = (
    "SELECT id FROM node WHERE parent = {0} UNION SELECT b.id FROM node a "
    "JOIN node b ON b.parent = a.id WHERE a.parent = {0}"
)


@pytest.mark.parametrize("start", [1, 7, 50])
def test_a_recursion_is_not_two_of_its_levels(start, judge, make_example):
    example = make_example(BELOW.format(start), CHAIN)
    assert not judge.judge(TWO_LEVELS.format(start), example).equivalent
    assert judge.judge(BELOW.format(start).replace("UNION", "UNION ALL"), example).equivalent


def test_a_chain_is_as_deep_where_keys_are_texts(judge, make_example):
    schema = CHAIN.replace("INTEGER", "TEXT").replace(" CHECK (parent < id)", "")
    example = make_example(BELOW.format("'k1'"), schema)
    assert not judge.judge(TWO_LEVELS.format("'k1'"), example).equivalent


@pytest.mark.parametrize(("declared", "same"), [("INTEGER", False), ("INTEGER NOT NULL", True)])
def test_a_rank_counts_null_where_a_comparison_does_not(declared, same, judge, make_example):
    schema = f"CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT, salary {declared})"
    gold = (
        "SELECT name FROM emp a WHERE 1 = "
        "(SELECT COUNT(DISTINCT b.salary) FROM emp b WHERE b.salary > a.salary)"
    )
    pred = (
        "SELECT name FROM (SELECT name, DENSE_RANK() OVER (ORDER BY salary DESC) AS k FROM emp) "
        "WHERE k = 2"
    )
    assert judge.judge(pred, make_example(gold, schema)).equivalent is same


@pytest.mark.parametrize(
    ("joined", "same"),
    [("a || b", False), ("a || '-' || b", True), ("a || '0' || b", False), ("b || a", False)],
)
def test_numbers_that_make_one_text_are_not_one_pair(joined, same, judge, make_example):
    schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL)"
    example = make_example("SELECT COUNT(*) FROM (SELECT DISTINCT a, b FROM t)", schema)
    assert judge.judge(f"SELECT COUNT(DISTINCT {joined}) FROM t", example).equivalent is same
