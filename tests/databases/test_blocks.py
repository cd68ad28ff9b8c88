"""Groups of exactly as many rows as a query counts."""

import pytest

ZOO = """
CREATE TABLE keeper (id INTEGER PRIMARY KEY, name TEXT, town TEXT);
CREATE TABLE animal (id INTEGER PRIMARY KEY, kind TEXT, weight REAL,
                     keeper INTEGER REFERENCES keeper (id));
CREATE TABLE meal (animal INTEGER REFERENCES animal (id), food TEXT, grams INTEGER,
                   day INTEGER, PRIMARY KEY (animal, day));
CREATE TABLE visit (guest TEXT, town TEXT);
"""
JOIN = "SELECT {0} FROM keeper k JOIN animal a ON a.keeper = k.id GROUP BY {1} HAVING COUNT(*) {2}"
QUERIES = [
    "SELECT kind FROM animal GROUP BY kind HAVING COUNT(*) {}",
    "SELECT keeper FROM animal WHERE weight > 4 GROUP BY keeper HAVING COUNT(id) {}",
    JOIN.format("k.name", "k.id", "{}"),
    JOIN.format("k.town", "k.town", "{}"),
    "SELECT a.kind FROM animal a JOIN meal m ON m.animal = a.id GROUP BY a.id HAVING COUNT(*) {}",
    "SELECT k.id FROM keeper k JOIN visit v ON v.town = k.town GROUP BY k.id HAVING COUNT(*) {}",
    "SELECT kind FROM animal GROUP BY kind HAVING COUNT(DISTINCT weight) > 0 AND COUNT(*) {}",
    "SELECT food FROM meal GROUP BY food HAVING COUNT(DISTINCT animal) {}",
    "SELECT kind FROM (SELECT kind, COUNT(*) AS n FROM animal GROUP BY kind) WHERE n {}",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("size", [17, 50, 199])
def test_a_group_of_just_the_size_is_tried(query, size, judge, make_example):
    example = make_example(query.format(f"> {size}"), schema=ZOO)
    assert not judge.judge(query.format(f">= {size}"), example).equivalent
    assert not judge.judge(query.format(f"> {size + 1}"), example).equivalent
    assert judge.judge(query.format(f">= {size + 1}"), example).equivalent


@pytest.mark.parametrize("key", ["hive, day", "hive, day, bees"])
def test_groups_of_a_size_are_made_where_a_key_has_several_columns(key, judge, make_example):
    schema = (
        "CREATE TABLE visit (hive INTEGER NOT NULL, day INTEGER NOT NULL, bees INTEGER, "
        f"PRIMARY KEY ({key}))"
    )
    gold = "SELECT hive, day FROM visit"
    guard = "NOT EXISTS (SELECT 1 FROM visit GROUP BY bees HAVING COUNT(*) > 25)"
    pred = f"SELECT * FROM ({gold}) WHERE {guard}"
    assert not judge.judge(pred, make_example(gold, schema)).equivalent


def test_groups_of_a_size_are_made_in_a_table_that_the_gold_does_not_read(judge, make_example):
    gold = "SELECT kind FROM animal WHERE weight > 3 GROUP BY kind"
    guard = "NOT EXISTS (SELECT 1 FROM visit GROUP BY guest HAVING COUNT(*) = 25)"
    pred = f"SELECT * FROM ({gold}) WHERE {guard}"
    assert not judge.judge(pred, make_example(gold, ZOO)).equivalent
