"""``verify.py`` as a user runs it: a file in, a file out, an exit status."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify.py"
CITY = "CREATE TABLE city (name TEXT, population INTEGER)"
PAIRS = [
    {
        "id": "same",
        "schema": CITY,
        "gold": "SELECT name FROM city",
        "pred": "select NAME from city",
    },
    {
        "id": "boundary",
        "schema": CITY,
        "gold": "SELECT name FROM city WHERE population > 5",
        "pred": "SELECT name FROM city WHERE population >= 5",
    },
    {"id": "write", "schema": CITY, "gold": "SELECT name FROM city", "pred": "DELETE FROM city"},
    {"id": "broken", "schema": CITY, "gold": "SELECT nope FROM city", "pred": "SELECT 1"},
    {"schema": CITY, "gold": "SELECT COUNT(*) FROM city", "pred": "SELECT COUNT(1) FROM city"},
]


def verify(folder: Path, lines: list[str], *more: str):
    source, target = folder / "pairs.jsonl", folder / "verdicts.jsonl"
    source.write_text("\n".join(lines) + "\n")
    command = [sys.executable, str(SCRIPT), "--input", str(source), "--output", str(target), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    rows = target.read_text().splitlines() if target.is_file() else []
    return done, [json.loads(row) for row in rows]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    done, rows = verify(tmp_path_factory.mktemp("verify"), [json.dumps(pair) for pair in PAIRS])
    assert done.returncode == 0, done.stderr
    return rows


def test_there_is_a_line_for_each_input_line_in_order(verdicts):
    assert [row["id"] for row in verdicts] == ["same", "boundary", "write", "broken", "5"]
    assert [row["match"] for row in verdicts] == [True, False, False, None, True]


def test_a_mismatch_comes_with_a_database_that_shows_it(verdicts):
    shown = verdicts[1]["counterexample"]
    assert any("5" in insert for insert in shown["inserts"])
    assert shown["gold_rows"] != shown["pred_rows"]


def test_a_write_is_refused_with_its_reason(verdicts):
    assert verdicts[2]["verdicts"]["equivalent"] == 0.0
    assert "SELECT" in verdicts[2]["reason"] or "authorized" in verdicts[2]["reason"]


def test_a_broken_pair_says_what_is_broken(verdicts):
    assert "nope" in verdicts[3]["error"]


@pytest.mark.parametrize(
    ("line", "message"),
    [("{not json", "line 2: not JSON"), ("[1, 2]", "line 2: not a JSON object")],
)
def test_an_unreadable_line_ends_with_status_2_once_the_others_are_judged(tmp_path, line, message):
    done, rows = verify(tmp_path, [json.dumps(PAIRS[0]), line, json.dumps(PAIRS[1])])
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [row["match"] for row in rows] == [True, None, False]


ODD = [
    ({"dialect": "klingon"}, "no dialect named 'klingon'"),
    ({"db": "nope.sqlite"}, "nope.sqlite"),
    ({"pred": None}, "missing 'pred'"),
    ({"gold": 5}, "'gold' must be a string"),
    ({"schema": "CREATE TABLE city (name TEXT, up TEXT AS (upper(name)))"}, "city.up is generated"),
]
SAID = [
    ({"pred": "```sql\nSELECT name FROM city\n```"}, False, "code fence"),
    ({"gold": "SELECT name FROM city WHERE 1 = 2"}, False, ""),
    (
        {"gold": "SELECT name FROM city WHERE 1 = 2", "pred": "SELECT name FROM city WHERE 0"},
        True,
        "gold returns no rows",
    ),
    (
        {
            "schema": "CREATE TABLE city (name TEXT, n INT NOT NULL, CHECK (n > 3), CHECK (n < 2))",
            "gold": "SELECT n FROM city",
            "pred": "SELECT n + 1 FROM city",
        },
        True,
        "no row satisfies the constraints",
    ),
    (
        {
            "dialect": "postgres",
            "gold": "SELECT name FROM city WHERE name ILIKE 'x%'",
            "pred": "SELECT name FROM city WHERE name LIKE 'x%'",
        },
        False,
        "",
    ),
    (
        {
            "schema": "CREATE TABLE city (name TEXT COLLATE NOCASE)",
            "gold": "SELECT name FROM city WHERE name = 'usa'",
            "pred": "SELECT name FROM city WHERE name = 'USA'",
        },
        True,
        "",
    ),
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    rows = [PAIRS[0] | more for more, *_ in (*ODD, *SAID)]
    lines = [json.dumps(row) for row in rows]
    done, verdicts = verify(tmp_path_factory.mktemp("odd"), lines)
    assert done.returncode == 0, done.stderr
    return verdicts, done.stderr


@pytest.mark.parametrize("number", range(len(ODD)))
def test_a_line_that_cannot_be_judged_costs_only_its_own_verdict(odd, number):
    verdicts, stderr = odd
    assert verdicts[number]["match"] is None
    assert ODD[number][1] in verdicts[number]["error"]
    assert f"line {number + 1}: " in stderr


@pytest.mark.parametrize("number", range(len(SAID)))
def test_a_verdict_says_what_lies_behind_it(odd, number):
    verdict = odd[0][len(ODD) + number]
    _, match, reason = SAID[number]
    assert verdict["match"] is match, verdict
    assert reason in verdict["reason"]
    if match and not reason:
        assert verdict["reason"] == ""


def test_the_reason_is_that_of_the_rows_shown(verdicts):
    for row in verdicts:
        if row["counterexample"]:
            assert row["reason"] == row["counterexample"]["reason"]


def test_a_counterexample_replays_or_says_that_rows_come_last_first(tmp_path):
    schema = "CREATE TABLE lap (id INTEGER PRIMARY KEY, name TEXT, t INTEGER)"
    gold, pred = "SELECT name FROM lap ORDER BY {}", "SELECT name FROM lap"
    rows = [{"schema": schema, "gold": gold.format(by), "pred": pred} for by in ("id", "t")]
    _, verdicts = verify(tmp_path, [json.dumps(row) for row in rows])
    for row, verdict in zip(rows, verdicts, strict=True):
        shown = verdict["counterexample"]
        connection = sqlite3.connect(":memory:")
        connection.executescript(";".join((schema, *shown["inserts"])))
        if "last first" in shown["reason"]:
            connection.execute("PRAGMA reverse_unordered_selects = ON")
        got = [[list(r) for r in connection.execute(row[name])] for name in ("gold", "pred")]
        assert got == [shown["gold_rows"], shown["pred_rows"]]
        assert got[0] != got[1]


def test_a_missing_folder_is_made_and_progress_is_logged(tmp_path):
    source = tmp_path / "pairs.jsonl"
    source.write_text(json.dumps(PAIRS[0]) + "\n")
    target = tmp_path / "new" / "verdicts.jsonl"
    command = [sys.executable, str(SCRIPT), "--input", str(source), "--output", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert target.is_file()
    assert "1 of 1" in done.stderr
    assert "1 pair:" in done.stderr


@pytest.mark.parametrize("wrong", [("--workers", "-3"), ("--timeout", "0"), ("--timeout", "soon")])
def test_a_number_out_of_range_ends_with_status_2(tmp_path, wrong):
    done, _ = verify(tmp_path, [json.dumps(PAIRS[0])], *wrong)
    assert done.returncode == 2
    assert wrong[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_input_ends_with_status_2(tmp_path):
    command = [sys.executable, str(SCRIPT), "--input", "nowhere.jsonl", "--output", "x"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "no file nowhere.jsonl" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("name", "count"), [("blind", 222), ("second_author", 588), ("third_author", 234)]
)
def test_pairs_that_were_written_without_knowing_the_verifier_are_told_apart(tmp_path, name, count):
    """``results/verifier_blind*.json`` is what first runs of ``blind`` and ``third_author`` gave;
    what they got wrong was repaired."""
    lines = (Path(__file__).parents[1] / "fixtures" / f"{name}.jsonl").read_text().splitlines()
    pairs = [json.loads(line) for line in lines]

    _, verdicts = verify(tmp_path, lines)

    wrong = [
        pair["id"]
        for pair, verdict in zip(pairs, verdicts, strict=True)
        if verdict["match"] is not (pair["label"] == "equivalent")
    ]
    assert len(pairs) == count
    assert wrong == []
