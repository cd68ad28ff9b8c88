"""What columns may hold, and what they must be able to hold: NULLs, whole numbers, ISO texts."""

import re

import pytest

from sqlgrpo.databases.moments import is_moment, moments, moments_like

CARD = "CREATE TABLE guest (id INTEGER PRIMARY KEY, card TEXT UNIQUE, nights INTEGER)"
BILL = "CREATE TABLE bill (id INTEGER PRIMARY KEY, due DECIMAL(8, 2), paid NUMERIC, tax REAL)"
FLAG = "CREATE TABLE flag (id INTEGER PRIMARY KEY, up BOOLEAN NOT NULL, spare BOOLEAN)"
DAYS = "CREATE TABLE fair (id INTEGER PRIMARY KEY, name TEXT, day {})"
UNITS = (
    "CREATE TABLE unit (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cap INTEGER);"
    "CREATE TABLE cost (id INTEGER PRIMARY KEY, fee INTEGER NOT NULL, unit INTEGER,"
    " FOREIGN KEY (unit) REFERENCES unit (id))"
)


@pytest.mark.parametrize(
    ("schema", "gold", "pred"),
    [
        (CARD, "SELECT card FROM guest", "SELECT DISTINCT card FROM guest"),
        (CARD, "SELECT card FROM guest", "SELECT card FROM guest GROUP BY card"),
        (CARD, "SELECT card FROM guest", "SELECT card FROM guest UNION SELECT card FROM guest"),
        (BILL, "SELECT AVG(due) FROM bill", "SELECT SUM(due) / COUNT(due) FROM bill"),
        (BILL, "SELECT AVG(paid) FROM bill", "SELECT SUM(paid) / COUNT(paid) FROM bill"),
        (
            CARD,
            "SELECT id FROM guest ORDER BY nights DESC LIMIT 1",
            "SELECT id FROM guest WHERE nights = (SELECT MAX(nights) FROM guest) LIMIT 1",
        ),
        (
            UNITS,
            "SELECT name FROM unit u WHERE (SELECT SUM(fee) FROM cost WHERE unit = u.id) > cap",
            "SELECT name FROM unit u WHERE"
            " (SELECT SUM(DISTINCT fee) FROM cost WHERE unit = u.id) > cap",
        ),
        (FLAG, "SELECT id FROM flag WHERE up", "SELECT id FROM flag WHERE NOT up"),
        (FLAG, "SELECT id FROM flag WHERE NOT spare", "SELECT id FROM flag WHERE spare IS NOT 1"),
        (
            DAYS.format("DATE"),
            "SELECT name FROM fair WHERE day > '2012-03-04'",
            "SELECT name FROM fair WHERE day >= '2012-03-04'",
        ),
    ],
)
def test_what_the_schema_allows_is_tried(schema, gold, pred, judge, make_example):
    outcome = judge.judge(pred, make_example(gold, schema=schema))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("schema", "gold", "pred"),
    [
        (BILL, "SELECT AVG(tax) FROM bill", "SELECT SUM(tax) / COUNT(tax) FROM bill"),
        (FLAG, "SELECT id FROM flag WHERE up = 1", "SELECT id FROM flag WHERE up"),
        (FLAG, "SELECT id FROM flag WHERE up = 1", "SELECT id FROM flag WHERE up <> 0"),
        (FLAG, "SELECT id FROM flag WHERE up", "SELECT id FROM flag WHERE up > 0"),
        (FLAG, "SELECT id FROM flag WHERE up", "SELECT id FROM flag WHERE up AND up <> 5"),
        (FLAG, "SELECT id FROM flag WHERE up", "SELECT id FROM flag WHERE up AND up <> 'no'"),
    ],
)
def test_what_the_types_rule_out_is_no_difference(schema, gold, pred, judge, make_example):
    example = make_example(gold, schema=schema)
    assert judge.judge(pred, example).equivalent


@pytest.mark.parametrize("declared", ["DATE", "DATETIME", "TIMESTAMP"])
@pytest.mark.parametrize(
    ("gold", "pred", "same"),
    [
        ("strftime('%Y', day) = '2012'", "day LIKE '2012%'", True),
        ("strftime('%Y', day) = '2012'", "day LIKE '2012-%'", True),
        ("strftime('%m', day) = '03'", "day LIKE '____-03-%'", True),
        ("day >= '2012-03-01'", "day > '2012-03'", True),
        ("strftime('%Y', day) = '2012'", "day LIKE '2012-0%'", False),
        ("strftime('%m', day) = '03'", "day LIKE '%-03-%'", True),
        ("strftime('%m', day) = '03'", "day LIKE '%03%'", False),
        ("strftime('%Y-%m', day) = '2012-03'", "day LIKE '2012-03-1%'", False),
    ],
)
def test_dates_are_whole_dates(declared, gold, pred, same, judge, make_example):
    schema = DAYS.format(declared)
    example = make_example(f"SELECT name FROM fair WHERE {gold}", schema=schema)
    assert judge.judge(f"SELECT name FROM fair WHERE {pred}", example).equivalent is same


def test_a_counterexample_shows_whole_dates(judge, make_example):
    example = make_example("SELECT day FROM fair", schema=DAYS.format("DATE"))
    shown = judge.explain("SELECT day FROM fair WHERE day < '2012-03-04'", example)
    assert shown is not None
    assert all(is_moment(row[0], "date") for row in shown.gold_rows if row[0] is not None)


@pytest.mark.parametrize("of", ["date", "datetime", "time"])
@pytest.mark.parametrize(
    "text", ["2010-05-17", "2010-05", "2010", "2010-02-30", "05", "9999-12-31"]
)
def test_neighbours_of_a_part_of_a_date_are_whole_dates(of, text):
    whole = [value for value in moments(text, of) if is_moment(value, of)]
    assert len(whole) >= 2


@pytest.mark.parametrize(
    ("pattern", "of"),
    [("2010%", "date"), ("%-05-%", "date"), ("____-__-17", "date"), ("199%", "date"),
     ("%2010%", "datetime"), ("2010-05-17 08%", "datetime"), ("08:%", "time"), ("%:30%", "time")],
)  # fmt: skip
def test_a_pattern_is_met_and_missed_by_whole_dates(pattern, of):
    like = re.compile(pattern.replace("%", ".*").replace("_", ".") + r"\Z")
    found = list(moments_like(pattern, like, of))
    assert all(is_moment(value, of) for value in found)
    assert {bool(like.match(value)) for value in found} == {True, False}
