"""A broken row is quarantined with a class and a reason; the rows around it are kept."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from sqlgrpo.config import DataConfig
from sqlgrpo.data import load
from sqlgrpo.data.loaded import Loaded

GOOD = {"question": "?", "context": "CREATE TABLE t (a INT)", "answer": "SELECT a FROM t;"}


def load_rows(folder: Path, *rows: object) -> Loaded:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return load(DataConfig(source="jsonl", path=str(path)), 0)


@pytest.mark.parametrize(
    ("row", "kind", "reason"),
    [
        ({**GOOD, "answer": None}, "missing_field", "line 2: column 'answer' is missing or null"),
        ({**GOOD, "question": "  "}, "missing_field", "column 'question' is blank"),
        ({**GOOD, "context": ["CREATE"]}, "wrong_type", "column 'context' is not text"),
        ({**GOOD, "question": "a \ud800"}, "not_unicode", "half a surrogate pair"),
        ({**GOOD, "db": 7}, "wrong_type", "column 'db' is not text"),
        ({**GOOD, "dialect": "klingon"}, "unknown_dialect", "'klingon'"),
        ({**GOOD, "db": "gone.sqlite"}, "missing_database", "No such file"),
        ({**GOOD, "db": "."}, "missing_database", "directory"),
        ({**GOOD, "db": "rows.jsonl"}, "not_a_database", "rows.jsonl is not a SQLite file"),
        ([1, 2], "malformed_row", "not a row"),
        ("text", "malformed_row", "not a row"),
    ],
)
def test_a_broken_row_is_quarantined_with_its_reason(row, kind, reason, tmp_path):
    loaded = load_rows(tmp_path, GOOD, row, {**GOOD, "question": "again?"})
    assert len(loaded.examples) == 2
    (refused,) = loaded.quarantined
    assert refused.kind == kind
    assert reason in refused.reason
    assert json.dumps(refused.row)


def test_a_row_with_too_many_cells_is_quarantined(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("question,context,answer\na,b,c\na,b,c,d\na,b\n")
    loaded = load(DataConfig(source="jsonl", path=str(path)), 0)
    assert [row.kind for row in loaded.quarantined] == ["malformed_row", "missing_field"]
    assert "line 3" in loaded.quarantined[0].reason


def test_the_database_is_found_beside_the_data_file(tmp_path):
    (tmp_path / "db").mkdir()
    connection = sqlite3.connect(tmp_path / "db" / "t.sqlite")
    connection.execute("CREATE TABLE t (a INT)")
    connection.close()
    loaded = load_rows(tmp_path, {**GOOD, "db": "db/t.sqlite"}, {**GOOD, "db": None})
    assert loaded.examples[0].database == tmp_path / "db" / "t.sqlite"


def test_the_gold_loses_its_semicolon_and_a_repeated_id_its_place(tmp_path):
    loaded = load_rows(tmp_path, {**GOOD, "id": 1}, {**GOOD, "id": "1", "question": "why?"})
    assert [example.id for example in loaded.examples] == ["1", "1 (line 2)"]
    assert loaded.repaired == {"repeated_id": {"1 (line 2)"}}
    assert loaded.examples[0].gold_sql == "SELECT a FROM t"


def test_duplicates_are_dropped_and_counted(tmp_path):
    loaded = load_rows(tmp_path, GOOD, GOOD, {**GOOD, "answer": "SELECT a AS b FROM t"}, GOOD)
    assert [example.id for example in loaded.examples] == ["rows line 1", "rows line 3"]
    assert loaded.duplicates == 2
