from __future__ import annotations

import json
import sqlite3

import pytest

from sqlgrpo.errors import ConfigError, SqlgrpoError
from sqlgrpo.inference.questions import read_questions, schema_text

SCHEMA = "CREATE TABLE city (name TEXT, population INTEGER)"


def test_a_query_is_asked_of_the_given_schema():
    (ask,) = read_questions(" How many cities? ", None, SCHEMA)
    assert (ask.question, ask.schema) == ("How many cities?", SCHEMA)


def test_a_text_file_holds_a_question_a_line(tmp_path):
    file = tmp_path / "queries.txt"
    file.write_text("How many cities?\n\nWhich is largest?\n")
    assert [a.question for a in read_questions(None, file, SCHEMA)] == [
        "How many cities?",
        "Which is largest?",
    ]


def test_json_lines_may_bring_their_own_schema(tmp_path):
    file = tmp_path / "queries.jsonl"
    file.write_text(json.dumps({"question": "q", "context": SCHEMA}) + "\n")
    assert read_questions(None, file, None)[0].schema == SCHEMA


@pytest.mark.parametrize(
    ("query", "text", "schema", "message"),
    [
        ("", None, SCHEMA, "the question is empty"),
        ("  ", None, SCHEMA, "the question is empty"),
        ("How many?", None, None, "no schema; add --schema"),
        (None, "\n \n", SCHEMA, "is empty"),
        (None, "{not json", SCHEMA, "line 1: not JSON"),
        (None, '{"question": 3}', SCHEMA, "the question is empty"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_clear_line(tmp_path, query, text, schema, message):
    file = None
    if text is not None:
        file = tmp_path / "queries.jsonl"
        file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_questions(query, file, schema)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        read_questions(None, tmp_path / "nowhere.txt", SCHEMA)


def test_a_schema_that_is_not_one_is_refused(tmp_path):
    file = tmp_path / "schema.sql"
    file.write_text("this is no schema")
    with pytest.raises(SqlgrpoError):
        schema_text(file, None)


def test_the_schema_of_a_database_is_read_from_it(tmp_path):
    file = tmp_path / "cities.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute(SCHEMA)
    assert schema_text(None, file) == SCHEMA


def test_a_file_that_is_no_database_is_refused(tmp_path):
    file = tmp_path / "cities.sqlite"
    file.write_text("these are not the bytes of a database" * 10)
    with pytest.raises(ConfigError, match="not a SQLite database"):
        schema_text(None, file)
