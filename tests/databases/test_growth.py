"""Larger databases made of copies keep every constraint, and the answers of the small ones."""

import pytest

from sqlgrpo.config import SuiteConfig
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.growth import copied, everything, free, keys
from sqlgrpo.databases.suite import read_case

SCHEMA = """
CREATE TABLE club (id INTEGER PRIMARY KEY, code TEXT UNIQUE, town TEXT, open BOOLEAN, day DATE);
CREATE TABLE member (name TEXT, number INT, club TEXT NOT NULL REFERENCES club (code),
                     age INT CHECK (age < 90), PRIMARY KEY (name, number));
"""
SMALL = Contents(
    (
        ((1, "a", "Ulm", 1, "2020-02-28"), (2, "b", "Bonn", 0, None)),
        (("Ada", 1, "a", 30), ("Ada", 2, "b", None), ("Bo", 1, "a", 20)),
    )
)
GOLD = "SELECT m.name FROM member m JOIN club c ON m.club = c.code WHERE c.town = 'Ulm'"


def grown(make_example, choose, times=40, most=10_000):
    case = read_case(make_example(GOLD, SCHEMA), SuiteConfig())
    moved = choose(case.schema, case.profile)
    contents = copied(SMALL, case.schema, moved, times, {"club": most, "member": most})
    return contents, case.blueprint.connect(contents)


@pytest.mark.parametrize("choose", [keys, free, everything])
def test_no_row_of_a_copy_breaks_a_constraint(choose, make_example):
    contents, connection = grown(make_example, choose)
    assert [len(rows) for rows in contents.tables] == [80, 120]
    for table, rows in zip(("club", "member"), contents.tables, strict=True):
        kept = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        assert kept == len(rows)


@pytest.mark.parametrize(
    ("choose", "gold_rows", "towns"), [(keys, 80, 2), (free, 80, 2), (everything, 2, 80)]
)
def test_answers_grow_with_the_copies_unless_the_tested_columns_change(
    choose, gold_rows, towns, make_example
):
    _, connection = grown(make_example, choose)
    assert len(connection.execute(GOLD).fetchall()) == gold_rows
    assert len(connection.execute("SELECT DISTINCT town FROM club").fetchall()) == towns


def test_values_stay_in_their_domain(make_example):
    contents, _ = grown(make_example, everything)
    _, _, _, opens, days = zip(*contents.tables[0], strict=True)
    assert set(opens) == {0, 1}
    assert {"2020-02-28", "2020-02-29", "2020-03-01"} < set(days)
    assert {age for *_, age in contents.tables[1]} == {30, None, 20}


def test_no_table_gets_more_than_its_share(make_example):
    contents, _ = grown(make_example, keys, most=50)
    assert [len(rows) for rows in contents.tables] == [50, 50]
