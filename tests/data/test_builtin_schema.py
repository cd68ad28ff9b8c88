"""Questions about the user's own tables (``data=schema``)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sqlgrpo.config import DataConfig, SuiteConfig
from sqlgrpo.data.builtin import load_schema
from sqlgrpo.data.builtin.user_schema import read_user_schema
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ConfigError
from sqlgrpo.types import Example

SHOP = """
-- the customers of a shop
CREATE TABLE tblCustomer (
  CustomerID INTEGER PRIMARY KEY,
  FirstName VARCHAR(20) NOT NULL,
  HomeTown TEXT NOT NULL,
  BirthYear INT,
  isActive BOOLEAN
);
CREATE TABLE "order" (
  id INTEGER PRIMARY KEY,
  customer INTEGER REFERENCES tblCustomer(CustomerID),
  "unit price" REAL NOT NULL,
  beds INTEGER NOT NULL,
  placed_at DATE NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('cart', 'paid', 'it''s sent')),
  note TEXT
);
INSERT INTO "order" VALUES (1, 1, 2.5, 3, '2020-01-01', 'paid', NULL);
CREATE INDEX late ON "order" (placed_at);
"""


def make(folder: Path, ddl: str, **settings: object) -> list[Example]:
    path = folder / "my shop.sql"
    path.write_text(ddl)
    config = {"source": "schema", "path": str(path), "size": 400} | settings
    return load_schema(DataConfig(**config), 1).examples


def fields(ddl: str) -> dict[str, str]:
    """Column -> kind and words."""
    (topic,) = read_user_schema(ddl, "shop")
    return {f.name: f"{f.kind}: {f.words}" for entity in topic.entities for f in entity.fields}


def test_words_and_kinds_come_from_identifiers_and_types():
    assert fields(SHOP) == {
        "CustomerID": "key: customer ID",
        "FirstName": "label: first name",
        "HomeTown": "category: home town",
        "BirthYear": "year: birth year",
        "isActive": "other: is active",
        "id": "key: ID",
        "customer": "ref: customer",
        "unit price": "level: unit price",
        "beds": "amount: number of beds",
        "placed_at": "date: placed at",
        "state": "category: state",
        "note": "text: note",
    }


def test_tables_are_named_in_the_singular_and_the_plural():
    (topic,) = read_user_schema(
        "CREATE TABLE bus_stops (id INT); CREATE TABLE City (id INT); CREATE TABLE staff (id INT)",
        "shop",
    )
    names = [(entity.one, entity.many) for entity in topic.entities]
    assert names == [("bus stop", "bus stops"), ("city", "cities"), ("staff", "staff")]


def test_every_gold_runs_and_names_are_quoted_where_they_must_be(tmp_path):
    examples = make(tmp_path, SHOP)
    assert len(examples) == 400
    assert len({example.id.split("-")[2] for example in examples}) > 80
    for example in examples:
        connection = sqlite3.connect(":memory:")
        connection.executescript(example.schema)
        connection.execute(example.gold_sql)
        connection.close()
    assert any('FROM "order"' in example.gold_sql for example in examples)
    assert all(example.id.startswith("schema-my_shop-") for example in examples)


def test_the_judge_accepts_the_golds(tmp_path):
    sample = make(tmp_path, SHOP, size=20)
    judge = Judge(suite=SuiteConfig(databases=3, candidates=8))
    judge.prefetch([(example.gold_sql, example) for example in sample])
    assert all(judge.judge(example.gold_sql, example).equivalent for example in sample)
    judge.close()


def test_the_prompt_shows_the_create_table_statements_as_the_user_wrote_them(tmp_path):
    (schema,) = {example.schema for example in make(tmp_path, SHOP)}
    assert "  FirstName VARCHAR(20) NOT NULL," in schema
    assert "INSERT" not in schema
    assert "INDEX" not in schema


def test_literals_respect_checks_and_lengths():
    (topic,) = read_user_schema(
        "CREATE TABLE t (state TEXT CHECK (state IN ('cart', 'it''s sent')), code_name CHAR(3))",
        "shop",
    )
    state, name = topic.entities[0].fields
    assert state.values == ("cart", "it's sent")
    assert max(map(len, map(str, name.values))) == 3


def test_a_schema_without_not_null_still_gets_questions_about_order_and_missing_values(tmp_path):
    examples = make(
        tmp_path, "CREATE TABLE car (id INT, name TEXT, maker TEXT, price REAL, hue TEXT)"
    )
    golds = " ".join(example.gold_sql for example in examples)
    for feature in ("ORDER BY", "GROUP BY", "AVG(", "IS NULL", "!= "):
        assert feature in golds


def test_a_large_schema_is_shown_in_parts_that_follow_the_foreign_keys():
    columns = ", ".join(f"c{number} INTEGER" for number in range(12))
    ddl = f"CREATE TABLE city (id INTEGER PRIMARY KEY, {columns});" + "".join(
        f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, city_id INT REFERENCES city(id), {columns});"
        for name in ("park", "school", "river")
    )
    topics = read_user_schema(ddl, "towns")
    tables = {topic.name: [entity.name for entity in topic.entities] for topic in topics}
    assert tables["towns_park"] == ["city", "park"]
    assert tables["towns_city"] == ["city", "park", "school", "river"]
    assert all(topic.links for topic in topics)


def test_the_dialect_of_the_schema_is_the_dialect_of_the_golds(tmp_path):
    examples = make(tmp_path, SHOP, dialect="mysql")
    assert {example.dialect for example in examples} == {"mysql"}
    assert not any('"' in example.gold_sql for example in examples)
    assert any("FROM `order`" in example.gold_sql for example in examples)


def test_a_small_schema_gives_what_it_can_and_says_so(tmp_path, caplog):
    examples = make(tmp_path, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    assert 0 < len(examples) < 30
    assert f"only {len(examples)} different questions, not 400" in caplog.text


@pytest.mark.parametrize(
    ("ddl", "message"),
    [
        ("", "declares no table"),
        ("-- nothing yet", "declares no table"),
        ("SELECT 1", "declares no table"),
        ("CREATE TABLE city (id INT", "a parenthesis is never closed"),
        ("CREATE TABLE a (x INT); CREATE TABLE A (y INT)", "declared twice"),
        ("CREATE TABLE sqlite_sequence (name, seq)", "declares no table"),
    ],
)
def test_a_file_without_usable_tables_is_refused(tmp_path, ddl, message):
    with pytest.raises(ConfigError, match=rf"my shop\.sql: .*{message}"):
        make(tmp_path, ddl)


def test_a_missing_path_a_folder_a_database_and_a_binary_are_refused(tmp_path):
    database = tmp_path / "shop.sqlite"
    connection = sqlite3.connect(database)
    connection.executescript(SHOP.partition("INSERT")[0])
    connection.close()
    binary = tmp_path / "shop.bin"
    binary.write_bytes(b"\xff\xfe\x00\x9f")
    for path, message in [
        (None, r"set data\.path=schema\.sql"),
        (tmp_path / "absent.sql", "absent.sql is not a file"),
        (tmp_path, "is not a file"),
        (database, r"is a database.*\.schema > schema\.sql"),
        (binary, "not a text file"),
    ]:
        config = DataConfig(source="schema", path=str(path) if path else None)
        with pytest.raises(ConfigError, match=message):
            load_schema(config, 1)
