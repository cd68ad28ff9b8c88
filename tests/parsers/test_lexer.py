import sqlite3

import pytest

from sqlgrpo.parsers.lexer import same_text, tokens

SCHEMA = "CREATE TABLE t (a INT, é INT, ²nd INT, ٣x INT)"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "select\tA\r\nfrom\f T ;"),
        ("SELECT a FROM t", "SELECT /* a /* b */ a -- c */\nFROM t"),
        ("SELECT a FROM t WHERE a=1", "SELECT a FROM t WHERE a = 1 -- the end"),
        ("SELECT 1.5e3 FROM t", "SELECT 1.5E3 FROM t"),
    ],
)
def test_spelling_that_sqlite_ignores_does_not_make_another_text(one, other):
    connection = sqlite3.connect(":memory:")
    connection.execute(SCHEMA)
    connection.execute(one)
    connection.execute(other)
    assert same_text(one) == same_text(other)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("SELECT a FROM t WHERE a=1 AND a=2", "SELECT a FROM t WHERE a=1AND a=2"),
        ("SELECT a FROM t", "SELECT\u00a0a FROM t"),
        ("SELECT a FROM t", "SELECT a\x0bFROM t"),
        ("SELECT a FROM t", "SELECT\x1ca FROM t"),
        ("SELECT é FROM t", "SELECT É FROM t"),
        ("SELECT a FROM t", "SELECT a FROM t/*"),
        ("SELECT a FROM t WHERE a <= 1", "SELECT a FROM t WHERE a < = 1"),
    ],
)
def test_text_that_sqlite_refuses_is_not_that_of_a_query_which_it_runs(good, bad):
    connection = sqlite3.connect(":memory:")
    connection.execute(SCHEMA)
    connection.execute(good)
    with pytest.raises(sqlite3.Error):
        connection.execute(bad)
    assert same_text(good) != same_text(bad)


def test_a_name_may_start_with_a_digit_that_is_not_ascii():
    names = "²nd ٣x é日 $"
    assert [token.kind for token in tokens(names)] == ["word", "word", "word", "mark"]
