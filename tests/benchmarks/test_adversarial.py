"""The adversarial set: every label is proved, by a witness or by agreement on random databases."""

from __future__ import annotations

from collections import Counter

import pytest

from oracle.prove import problem_with, read_pairs

ROWS = read_pairs()
BY_ID = {row["id"]: row for row in ROWS}
RANDOM_DATABASES = 60


@pytest.mark.parametrize("row", ROWS, ids=list(BY_ID))
def test_a_label_is_proved_by_databases_that_satisfy_the_schema(row):
    assert problem_with(row, RANDOM_DATABASES, seed=1) == ""


@pytest.mark.parametrize("row", [row for row in ROWS if "twin" in row], ids=lambda row: row["id"])
def test_twins_are_the_same_queries_and_only_the_schema_decides(row):
    other = BY_ID[row["twin"]]
    assert (other["gold"], other["pred"], other["twin"]) == (row["gold"], row["pred"], row["id"])
    assert other["schema"] != row["schema"]
    assert other["match"] is not row["match"]


def test_the_set_is_large_varied_and_balanced():
    assert len(ROWS) >= 180
    assert len(BY_ID) == len(ROWS)
    assert len(Counter(row["category"] for row in ROWS)) >= 16
    assert sum("twin" in row for row in ROWS) >= 2 * 15
    assert 0.4 <= sum(row["match"] for row in ROWS) / len(ROWS) <= 0.6


def test_a_wrong_label_is_noticed():
    boundary = BY_ID["comparison-boundaries-01"]
    assert "separated by" in problem_with({**boundary, "match": True}, 200)
    same = {**boundary, "pred": boundary["gold"]}
    assert problem_with(same, 1) == "the witness does not separate"
    harmless = {**BY_ID["unsafe-statements-01"], "pred": "SELECT title FROM loaf"}
    assert problem_with(harmless, 1) == "nothing forbids it"


def test_a_witness_that_breaks_a_constraint_proves_nothing():
    row = next(row for row in ROWS if "CHECK" in row["schema"] and not row["match"])
    schema = "CREATE TABLE jar (jar_id INTEGER PRIMARY KEY, grams INTEGER CHECK (grams > 0))"
    broken = {
        **row,
        "schema": schema,
        "gold": "SELECT jar_id FROM jar",
        "pred": "SELECT jar_id FROM jar WHERE grams > 0",
        "witness": ["INSERT INTO jar VALUES (1, -5)"],
    }
    assert "breaks the schema" in problem_with(broken, 1)
