"""Guards whose constants can only be reached by trying values."""

import pytest
import sqlglot

from sqlgrpo.databases.probes import read_probes, required
from sqlgrpo.parsers.schema import parse_schema

BOOK = "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, pages INTEGER, price REAL, day DATE)"
LOAN = "; CREATE TABLE loan (id INTEGER PRIMARY KEY, book INTEGER REFERENCES book (id), n INTEGER)"


@pytest.mark.parametrize(
    "guard",
    [
        "pages % 89 <> 17",
        "pages % 10 <> 7",
        "pages * pages <> 2209",
        "pages + id <> 613",
        "pages <> 9 * 43",
        "id <> 6143",
        "pages || id <> '5121'",
        "IFNULL(title || pages, '') <> 'kelp77'",
        "IFNULL(unicode(title), 0) < 128",
        "IFNULL(LENGTH(CAST(title AS BLOB)) = LENGTH(title), 1)",
        "IFNULL(SUBSTR(title, 5, 1), '') <> 'v'",
        "IFNULL(INSTR(title, 'k'), 0) = 0",
        "IFNULL(hex(title), '') <> '6B6C'",
        "IFNULL(title || title, '') <> 'koko'",
        "IFNULL(title, '') <> char(107, 118)",
        "IFNULL(ROUND(price * 3, 1), 0) <> 7.5",
        "IFNULL(strftime('%d', day), '') <> '23'",
        "NOT (pages / 7 = 61 AND pages % 7 = 2)",
    ],
)
def test_a_guard_is_put_to_the_test_on_rows_that_the_gold_returns(guard, judge, make_example):
    gold = "SELECT title FROM book WHERE pages > 40"
    outcome = judge.judge(f"{gold} AND {guard}", make_example(gold, schema=BOOK))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT title FROM book", "SELECT REPLACE(title, '  ', ' ') FROM book"),
        (
            "SELECT id FROM book WHERE title LIKE '%o%' AND title LIKE '%k%'",
            "SELECT id FROM book WHERE title LIKE '%o%k%'",
        ),
        ("SELECT title FROM book", "SELECT RTRIM(title, 'zk') FROM book"),
        ("SELECT pages FROM book", "SELECT IIF(pages % 71 = 5, 5, pages) FROM book"),
        ("SELECT MAX(pages) FROM book", "SELECT MAX(pages - (pages * 3 = 1239)) FROM book"),
        (
            "SELECT title FROM book JOIN loan ON book.id = loan.book",
            "SELECT title FROM book JOIN loan ON book.id = loan.book AND loan.n % 83 <> 11",
        ),
        (
            "SELECT n FROM book JOIN loan ON book.id = loan.book WHERE pages > 40",
            "SELECT n FROM book JOIN loan ON book.id = loan.book WHERE pages > 40"
            " AND pages * 3 <> 1239",
        ),
    ],
)  # fmt: skip
def test_an_expression_is_put_to_the_test_wherever_it_stands(gold, pred, judge, make_example):
    outcome = judge.judge(pred, make_example(gold, schema=BOOK + LOAN))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    "guard",
    ["pages % 89 < 89", "pages * pages <> 2210", "abs(id - 3) >= 0", "pages + 0 > 40", "1 = 1"],
)
def test_a_guard_that_always_holds_changes_nothing(guard, judge, make_example):
    gold = "SELECT title FROM book WHERE pages > 40"
    assert judge.judge(f"{gold} AND {guard}", make_example(gold, schema=BOOK)).equivalent


def test_only_what_the_gold_does_not_have_is_a_probe():
    schema = parse_schema(BOOK + LOAN)
    gold = sqlglot.parse_one("SELECT title FROM book b WHERE b.pages % 2 = 1 AND price > 3")
    pred = sqlglot.parse_one(
        "SELECT UPPER(title) FROM book JOIN loan l ON l.book = book.id"
        " WHERE (book.pages % 2 = 1 OR NOT price <> 4 + 5) AND l.n > (SELECT MAX(n) FROM loan)"
    )
    found = read_probes(pred, gold, schema)
    tests = [probe.test for probe in found]
    assert tests[0] == '(UPPER("title")) IS "title"'
    assert tests[-1] == '"price" <> 4 + 5'
    assert '"pages" % 2 = 1' not in tests
    assert found[-1].constants == ("4 + 5",)
    assert required(gold, schema, "book") == '("pages" % 2 = 1) AND ("price" > 3)'
    assert required(gold, schema, "loan") == "1"
