"""``verify.py`` as a user runs it: a file in, a file out, an exit status."""

from __future__ import annotations

import json
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
    [
        ("{not json", "line 2: not JSON"),
        ('{"schema": "x", "gold": "y"}', "line 2: 'pred' must be a string"),
        ("[1, 2]", "line 2: not a JSON object"),
    ],
)
def test_an_unreadable_line_ends_with_status_2_and_its_number(tmp_path, line, message):
    done, _ = verify(tmp_path, [json.dumps(PAIRS[0]), line])
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_missing_input_ends_with_status_2(tmp_path):
    command = [sys.executable, str(SCRIPT), "--input", "nowhere.jsonl", "--output", "x"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "no file nowhere.jsonl" in done.stderr
    assert not (tmp_path / "x").exists()
