"""Each class of broken row is named; sound rows of the same look are not."""

from __future__ import annotations

import pytest

from sqlgrpo.config import DataConfig
from sqlgrpo.data import load
from sqlgrpo.data.defects import check
from sqlgrpo.data.kinds import KINDS, broken
from sqlgrpo.errors import ExampleError

NEEDS_EXECUTION = {"gold_fails", "gold_indistinct"}
TRIP = "CREATE TABLE trip (home_port VARCHAR, away_port VARCHAR, passengers INTEGER)"


def test_the_sample_has_every_class_that_can_be_read_off_and_each_is_found(sample_file):
    loaded = load(DataConfig(source="jsonl", path=str(sample_file)), 0)
    found = {row.id: row.kind for row in loaded.quarantined}
    for example in loaded.examples:
        try:
            check(example)
        except ExampleError as error:
            found[example.id] = error.kind
    assert all(id_ == kind for id_, kind in found.items())
    named = {e.id for e in loaded.examples if not e.id.startswith("good")}
    assert named - NEEDS_EXECUTION <= set(found)


@pytest.mark.parametrize(
    ("gold", "reason"),
    [
        ("SELECT 2008 FROM trip WHERE home_port = 'Cork'", "'2008'"),
        ("SELECT MAX(2008) FROM trip", "MAX(2008)"),
        ("SELECT COUNT(2008) FROM trip", "COUNT(2008)"),
        ("SELECT 2004 / 05 FROM trip", "2004 / 05"),
        ("SELECT home_port FROM trip WHERE 1945 = 'a'", "1945 = 'a'"),
        ('SELECT home_port FROM trip WHERE 1945 = "a"', "1945"),
        ("SELECT home_port FROM trip WHERE 2008 > 100", "2008 > 100"),
        ("SELECT home_port FROM trip UNION SELECT 1949 FROM trip", "'1949'"),
    ],
)
def test_a_numeric_header_is_named(gold, reason, make_example):
    with pytest.raises(ExampleError) as error:
        check(make_example(TRIP, gold))
    assert error.value.kind == "numeric_header_as_literal"
    assert reason in str(error.value)


@pytest.mark.parametrize(
    "gold",
    [
        "SELECT COUNT(*) FROM trip WHERE 1 = 1 AND passengers > 3",
        "SELECT COUNT(1) FROM trip",
        "SELECT 100.0 * SUM(passengers) / COUNT(*) FROM trip",
        "SELECT passengers + 1 FROM trip WHERE 5 < passengers",
        "SELECT home_port FROM trip AS a WHERE EXISTS (SELECT 1 FROM trip AS b)",
        "SELECT (SELECT COUNT(*) FROM trip) + 1 FROM trip",
        "SELECT home_port FROM trip LIMIT 10 OFFSET 780",
        "SELECT home_port FROM (SELECT home_port FROM trip LIMIT 5) LIMIT 1 OFFSET 2",
        "SELECT COUNT(*) AS n, home_port FROM trip GROUP BY home_port ORDER BY n",
        "SELECT home_port AS port FROM trip ORDER BY port",
    ],
)
def test_an_honest_number_or_alias_is_left_alone(gold, make_example):
    check(make_example(TRIP, gold, question="Which port is home?", careless=True))


@pytest.mark.parametrize(
    ("question", "careless", "found"),
    [
        ("What is the home port fee?", False, True),
        ("What is the home port's fee?", False, True),
        ("What fee does the home port take?", True, True),
        ("What fee does the home port take?", False, False),
        ("Which home port?", True, False),
    ],
)
def test_a_lost_space_is_known_by_the_question(question, careless, found, make_example):
    example = make_example(TRIP, "SELECT home_port AS fee FROM trip", question, careless)
    if found:
        with pytest.raises(ExampleError, match="home_port fee") as error:
            check(example)
        assert error.value.kind == "space_became_alias"
    else:
        check(example)


@pytest.mark.parametrize(
    ("schema", "gold", "kind", "reason"),
    [
        (TRIP, "SELECT passengers FROM trip WHERE passengers > 1 OFFSET 780", "offset", "1,780"),
        (TRIP, "SELECT home_port FROM trip WHERE passengers > 1 OFFSET 780 AND 2", "offset", "1"),
        (TRIP, "SELECT t.harbour FROM trip AS t", "missing_column", "'t.harbour'"),
        (TRIP, "SELECT harbour FROM trip", "missing_column", "trip has away_port, home_port"),
        (TRIP, "SELECT a FROM boat", "missing_table", "'boat'; the schema has trip"),
        ("CREATE TABLE farm (Id VARCHAR)", "SELECT town FROM farm", "placeholder_table", "farm"),
        ("DROP TABLE trip", "SELECT 1", "no_tables", "declares no table"),
        (TRIP, "SELECT 1; SELECT 2", "unparsable_gold", "second statement"),
        (TRIP, "PRAGMA user_version", "gold_not_select", "'PRAGMA'"),
    ],
)
def test_the_reason_names_the_thing(schema, gold, kind, reason, make_example):
    with pytest.raises(ExampleError) as error:
        check(make_example(schema, gold))
    assert error.value.kind.startswith(kind)
    assert reason in str(error.value)


def test_a_placeholder_table_that_is_only_counted_is_sound(make_example):
    check(make_example("CREATE TABLE farm (Id VARCHAR)", "SELECT COUNT(*) FROM farm"))


def test_only_listed_classes_can_be_raised():
    assert all(KINDS.values())
    with pytest.raises(KeyError):
        broken("mising_table", "")
