"""How figures are computed, recorded and compared with what is promised."""

from __future__ import annotations

import json
import random
import sqlite3

import pytest

from common import wilson, write_result
from mutator import mutants
from oracle.contents import open_schema
from oracle.search import Pair
from real_data import infer_schemas, lawful_copy
from rewrites import is_settled, rewrites
from rivals import accepted_by

TOWN = "CREATE TABLE town (name TEXT, people INTEGER)"


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(0, 0, 0, 1), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1)]
)
def test_an_interval_is_wilsons(k, n, low, high):
    assert wilson(k, n) == pytest.approx((low, high), abs=1e-4)


def test_a_result_says_how_it_was_measured_and_names_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "sys.argv", ["/far/away/speed.py", "data.path=/far/away/x.jsonl", "--x=/far/y"]
    )
    written = write_result(tmp_path / "new" / "speed.json", "speed", {"per_s": 3})
    assert json.loads((tmp_path / "new" / "speed.json").read_text()) == written
    assert written["command"] == "python benchmarks/speed.py data.path=x.jsonl --x=y"
    assert written["machine"]["cores"] >= 1
    assert len(written["commit"].partition("+")[0]) == 12
    assert "far/away" not in json.dumps(written)


def test_mutants_differ_from_the_gold_and_mostly_run():
    gold = "SELECT name, COUNT(*) FROM town WHERE people > 3 GROUP BY name ORDER BY 2 DESC LIMIT 5"
    found = mutants(gold, 40, random.Random(0))
    assert len(set(found)) == 40
    assert gold not in found
    assert found == mutants(gold, 40, random.Random(0))
    connection, runs = open_schema(TOWN), 0
    for sql in found:
        try:
            connection.execute(sql)
        except sqlite3.OperationalError:
            continue
        runs += 1
    assert runs >= 30


@pytest.mark.parametrize(
    ("pred", "empty", "filled", "as_sets"),
    [
        ("SELECT name FROM town", True, True, True),
        ("SELECT name FROM town WHERE people < 0 AND people > 0", True, False, False),
        ("SELECT DISTINCT name FROM town", True, False, True),
        ("SELECT nothing FROM town", False, False, False),
        ("DELETE FROM town", True, False, False),
    ],
)
def test_rivals_are_as_blind_as_they_are_meant_to_be(pred, empty, filled, as_sets):
    assert list(accepted_by(TOWN, "SELECT name FROM town", pred).values()) == [
        empty,
        filled,
        as_sets,
    ]


def test_a_real_database_is_copied_without_its_unlawful_cells_and_rows(tmp_path):
    file = tmp_path / "real.sqlite"
    with sqlite3.connect(file) as real:
        real.executescript("CREATE TABLE a (id, n); CREATE TABLE b (a_id)")
        real.executemany("INSERT INTO a VALUES (?, ?)", [(1, 5), (1, 6), (2, "many"), (3, "7")])
        real.executemany("INSERT INTO b VALUES (?)", [(1,), (9,)])
    real.close()
    schema = """CREATE TABLE b (a_id INTEGER REFERENCES a (id));
    CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER)"""
    copy = lawful_copy(schema, file)
    assert copy.execute("SELECT * FROM a").fetchall() == [(1, 5), (2, None), (3, 7)]
    assert copy.execute("SELECT * FROM b").fetchall() == [(1,)]


def test_a_schema_is_inferred_from_the_queries_that_ran():
    rows = [
        {
            "db_id": "t",
            "answer": 'SELECT "A b" FROM t WHERE n > 3',
            "pred": "x(",
            "executed": False,
        },
        {"db_id": "t", "answer": "SELECT n FROM t", "pred": "SELECT c FROM t", "executed": True},
    ]
    assert infer_schemas(rows) == {"t": 'CREATE TABLE "t" ("A b" TEXT, "n" REAL, "c" TEXT)'}


REWRITTEN = (
    "SELECT name, people FROM town WHERE people BETWEEN 1 AND 4 AND name IN ('a', 'b')",
    "SELECT name, COUNT(*) FROM town WHERE people > 3 GROUP BY name ORDER BY name",
    "SELECT name FROM town WHERE people > 2 UNION SELECT name FROM town WHERE name <> 'a'",
)


@pytest.mark.parametrize("gold", REWRITTEN)
def test_rewrites_keep_the_meaning(gold):
    found = rewrites(gold, 15, random.Random(0))
    assert len(found) >= 8
    for pred in found:
        assert Pair(TOWN, gold, pred).search(60) is None, pred


@pytest.mark.parametrize(
    ("gold", "settled"),
    [
        ("SELECT name, MAX(people) FROM town GROUP BY name", True),
        ("SELECT name FROM town GROUP BY name ORDER BY COUNT(*)", True),
        ("SELECT name, people FROM town GROUP BY name", False),
        ("SELECT name, MAX(people) FROM town", False),
        ("SELECT name FROM town ORDER BY people LIMIT 1", False),
    ],
)
def test_a_gold_is_settled_when_nothing_is_left_to_chance(gold, settled):
    assert is_settled(gold) is settled
