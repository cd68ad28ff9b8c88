"""The second opinion on equivalence that the benchmarks and the adversarial set rest on."""

from __future__ import annotations

import random

import pytest

from oracle.compare import agreeing, permutations, with_keys
from oracle.contents import fill, open_schema, read_shape
from oracle.permitted import forbidden
from oracle.search import Pair
from oracle.values import draw_style, literals_of

SCHEMA = """CREATE TABLE town (town_id INTEGER PRIMARY KEY, name TEXT NOT NULL, mayor TEXT UNIQUE);
CREATE TABLE road (a INTEGER REFERENCES town (town_id), b INTEGER NOT NULL REFERENCES town,
  km REAL CHECK (km > 0), UNIQUE (a, b))"""


def test_random_databases_keep_every_constraint_and_are_not_all_empty():
    connection = open_schema(SCHEMA)
    shape, rng = read_shape(connection), random.Random(0)
    roads = 0
    for _ in range(200):
        database = fill(connection, shape, literals_of("km > 3"), rng, draw_style(rng), {})
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        copy = open_schema(SCHEMA)
        for statement in database.statements():
            copy.execute(statement)
        roads += copy.execute("SELECT COUNT(*) FROM road").fetchone()[0]
    assert roads > 100


def test_a_boolean_stays_true_or_false_beside_a_number_that_a_query_names():
    connection = open_schema("CREATE TABLE lamp (name TEXT, lit BOOLEAN)")
    shape, rng, seen = read_shape(connection), random.Random(0), set()
    for _ in range(50):
        fill(connection, shape, literals_of("lit = 1"), rng, draw_style(rng), {"lit": [0, 1, 2]})
        seen |= {value for (value,) in connection.execute("SELECT lit FROM lamp")}
    assert seen == {0, 1, None}


def test_parents_are_filled_before_their_children():
    child_first = "CREATE TABLE c (p INTEGER REFERENCES p (x)); CREATE TABLE p (x INTEGER UNIQUE)"
    assert [relation.name for relation in read_shape(open_schema(child_first))] == ["p", "c"]


@pytest.mark.parametrize(
    ("gold", "keys", "pred", "same"),
    [
        ([(1, "a")], None, [("a", 1)], True),
        ([(1, 2), (3, 4)], None, [(2, 1), (3, 4)], False),
        ([(1,), (1,)], None, [(1,)], False),
        ([("1",)], None, [(1,)], False),
        ([(None,)], None, [("",)], False),
        ([(0.3,)], None, [(0.1 + 0.2,)], True),
        ([("a",), ("b",)], None, [("b",), ("a",)], True),
        ([("a",), ("b",)], [(1,), (2,)], [("b",), ("a",)], False),
        ([("a",), ("b",)], [(1,), (1,)], [("b",), ("a",)], True),
    ],
)
def test_results_compare_by_the_policy(gold, keys, pred, same):
    assert bool(agreeing(gold, keys, pred, permutations(len(gold[0])))) is same


def test_a_permutation_must_hold_on_every_database():
    pair = Pair("CREATE TABLE t (a INTEGER, b INTEGER)", "SELECT a, b FROM t", "SELECT b, a FROM t")
    assert pair.search(300) is None
    turned = "SELECT MIN(a, b), MAX(a, b) FROM t WHERE a >= 0 AND b >= 0"
    gold = "SELECT a, b FROM t WHERE a >= 0 AND b >= 0"
    assert Pair("CREATE TABLE t (a INTEGER, b INTEGER)", gold, turned).search(300) is not None


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        ("SELECT a FROM t", None),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", None),
        ("SELECT a AS x FROM t ORDER BY x", "SELECT a AS x, (a) AS key_0 FROM t ORDER BY x"),
        ("SELECT a, b FROM t ORDER BY 2", "SELECT a, b, b AS key_0 FROM t ORDER BY 2"),
    ],
)
def test_sort_keys_are_read_from_the_outermost_query(gold, expected):
    found = with_keys(gold)
    assert (found and found[0]) == expected


@pytest.mark.parametrize(
    "gold",
    [
        "SELECT DISTINCT a, b FROM t ORDER BY b DESC, a",
        "SELECT a FROM t UNION SELECT b FROM t ORDER BY 1 DESC",
        "SELECT a, COUNT(*) AS n FROM t GROUP BY a ORDER BY n, a",
    ],
)
def test_a_gold_with_sort_keys_keeps_its_rows_and_their_order(gold):
    connection = open_schema("CREATE TABLE t (a INTEGER, b INTEGER)")
    connection.execute("INSERT INTO t VALUES (1, 2), (2, 1), (2, 1), (3, NULL)")
    sql, count = with_keys(gold)
    assert [row[:-count] for row in connection.execute(sql)] == list(connection.execute(gold))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT km FROM road", ""),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) TABLE n", "near"),
        ("DELETE FROM road", "action"),
        ("SELECT km FROM road; SELECT 1", "one statement"),
        ("SELECT name FROM sqlite_master", "reads sqlite_master"),
        ("SELECT RANDOM()", "calls random"),
        ("SELECT date('now')", "clock"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT MAX(i) FROM n", "int"),
    ],
)
def test_what_no_prediction_may_do_is_recognised(sql, reason):
    found = forbidden(open_schema(SCHEMA), sql)
    assert reason in found
    assert bool(reason) is bool(found)


def test_a_witness_is_shrunk_to_the_rows_it_needs():
    pair = Pair(SCHEMA, "SELECT name FROM town", "SELECT DISTINCT name FROM town")
    witness = pair.shrink(pair.search(2_000))
    assert len(witness.inserts) == 2
    assert pair.separates(witness.inserts)
