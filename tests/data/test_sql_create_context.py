"""The data set's quirks are turned on, its strings repaired, and nothing changes silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sqlgrpo.config import DataConfig
from sqlgrpo.data import load
from sqlgrpo.data.repairs import in_question_case, spelled_as_asked, standard_strings
from sqlgrpo.errors import ConfigError
from sqlgrpo.types import Quirks

CONFIG = Path(__file__).parents[2] / "configs" / "data" / "sql_create_context.yaml"


def test_strings_are_repaired_and_counted(tmp_path):
    rows = [
        {"question": q, "context": "CREATE TABLE club (name VARCHAR)", "answer": answer}
        for q, answer in [
            ("first?", 'SELECT name FROM club WHERE name = "name"'),
            ("all?", "SELECT name FROM club"),
        ]
    ]
    path = tmp_path / "scc.json"
    path.write_text(json.dumps(rows))
    settings = yaml.safe_load(CONFIG.read_text())
    quirks = Quirks(**settings.pop("quirks"))
    loaded = load(DataConfig(**{**settings, "path": str(path)}, quirks=quirks), 0)
    golds = [example.gold_sql for example in loaded.examples]
    assert golds == ["SELECT name FROM club WHERE name = 'name'", "SELECT name FROM club"]
    assert loaded.repaired == {"double_quoted_strings": {loaded.examples[0].id}}
    assert loaded.examples[0].quirks == Quirks(
        infer_types=True, casefold_text=True, double_quoted_strings=True
    )


def test_a_strict_source_keeps_double_quotes(tmp_path):
    row = {"question": "?", "context": "CREATE TABLE t (a INT)", "answer": 'SELECT "a" FROM t'}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    loaded = load(DataConfig(source="jsonl", path=str(tmp_path / "rows.jsonl")), 0)
    assert loaded.examples[0].gold_sql == 'SELECT "a" FROM t'
    assert not loaded.repaired


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('WHERE a = "x"', "WHERE a = 'x'"),
        ('WHERE a IN ("x", "y")', "WHERE a IN ('x', 'y')"),
        ('WHERE a = "it\'s"', "WHERE a = 'it''s'"),
        ('WHERE a = "say ""hi"""', "WHERE a = 'say \"hi\"'"),
        ('WHERE a LIKE "%x%"  AND b = 1', "WHERE a LIKE '%x%'  AND b = 1"),
        ("WHERE a = 'a \"quoted\" word'", "WHERE a = 'a \"quoted\" word'"),
        ('WHERE "t".a = "x" AND t."b" = 1', 'WHERE "t".a = \'x\' AND t."b" = 1'),
        ('ORDER BY "a"', 'ORDER BY "a"'),
        ("WHERE `a b` = [c d]", "WHERE `a b` = [c d]"),
        ('WHERE a = "never closed', 'WHERE a = "never closed'),
    ],
)
def test_only_what_is_certainly_a_string_is_rewritten(before, after):
    sql = f'SELECT a AS "c" FROM "t" {before}'
    assert standard_strings(sql) == f'SELECT a AS "c" FROM "t" {after}'


@pytest.mark.parametrize(
    ("before", "question", "after"),
    [
        ("a = 'toronto'", "Who is from Toronto?", "a = 'Toronto'"),
        ("a = 'Toronto'", "who is from toronto?", "a = 'toronto'"),
        ("a = 'toronto'", "Is toronto Toronto?", "a = 'toronto'"),
        ("a = 'rome' AND b = 'o''neil'", "ROME, O'Neil?", "a = 'ROME' AND b = 'O''Neil'"),
        ("a LIKE '%new york%'", "New York or York?", "a LIKE '%New York%'"),
        ("a = 'art'", "Which ART, ARTHUR?", "a = 'ART'"),
        ("a = 'art'", "Which ARTHUR?", "a = 'art'"),
        ("a = 'ß' OR a = ''", "Which SS?", "a = 'ß' OR a = ''"),
        ("a = 'never closed", "Never closed?", "a = 'never closed"),
    ],
)
def test_strings_take_the_case_of_the_question(before, question, after):
    assert in_question_case(f"SELECT a FROM t WHERE {before}", question) == (
        f"SELECT a FROM t WHERE {after}"
    )


def test_only_where_case_means_nothing_it_is_changed_and_counted(tmp_path):
    row = {
        "question": "Who is from Rome?",
        "context": "CREATE TABLE t (a TEXT)",
        "answer": "SELECT a FROM t WHERE a = 'rome'",
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    for casefold, city in ((False, "rome"), (True, "Rome")):
        config = DataConfig(
            source="jsonl",
            path=str(tmp_path / "rows.jsonl"),
            quirks=Quirks(casefold_text=casefold),
        )
        (example,), changed = spelled_as_asked(load(config, 0).examples)
        assert city in example.gold_sql
        assert changed == ({example.id} if casefold else set())


def test_without_file_or_hub_id_the_error_says_what_to_set():
    with pytest.raises(ConfigError, match=r"data\.path=FILE or data\.hub_id"):
        load(DataConfig(source="sql_create_context"), 0)


def test_a_hub_that_cannot_be_reached_is_one_clear_line(monkeypatch, tmp_path):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path))
    with pytest.raises(ConfigError) as error:
        load(DataConfig(source="sql_create_context", hub_id="nobody/no-such-data"), 0)
    assert "download the file and set data.path=FILE" in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_from_the_hub_become_examples(monkeypatch):
    datasets = pytest.importorskip("datasets")
    row = {"question": "?", "context": "CREATE TABLE t (a INT)", "answer": "SELECT a FROM t"}
    rows = datasets.Dataset.from_list([row, {**row, "answer": None}])
    monkeypatch.setattr(datasets, "load_dataset", lambda _name, split: {"train": rows}[split])
    loaded = load(DataConfig(source="sql_create_context", hub_id="some/data"), 0)
    assert [example.id for example in loaded.examples] == ["data row 1"]
    assert [row.kind for row in loaded.quarantined] == ["missing_field"]
