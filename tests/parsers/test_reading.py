"""SQL text becomes a tree, or an error that shows the place."""

from __future__ import annotations

import pickle
import time
from contextlib import suppress

import pytest
from sqlglot import exp

from sqlgrpo.errors import ConfigError
from sqlgrpo.parsers.sql import SqlSyntaxError, format_sql, normal_form, read, structure
from sqlgrpo.types import Quirks


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "empty query"),
        ("-- nothing", "empty query"),
        ("hello there", "line 1, column 1 near 'hello': expected SELECT or WITH"),
        ("DROP TABLE city", "line 1, column 1 near 'DROP': expected SELECT or WITH"),
        ("VALUES (1)", "line 1, column 1 near 'VALUES': expected SELECT or WITH"),
        ("SELECT 1; SELECT 2", "line 1, column 11 near 'SELECT': second statement"),
        ("SELECT name FROM", "line 1, column 13 near 'FROM': expected table name"),
        ("SELECT a\nFROM t\nWHERE x = = 3", "line 3, column 11 near '=': incomplete expression"),
        ("SELECT a FROM t WHERE (a = 1", "line 1, column 28 near '1': expecting )"),
        ("SELECT a b c FROM t", "line 1, column 12 near 'c': invalid expression"),
        ("SELECT 'it's'", "line 1, column 13 near \"'\": quote ' is never closed"),
        ("SELECT 1 /* one", "line 1, column 10 near '/* one': comment /* is never closed"),
        ("SELECT a FROM t LIMIT 1 WHERE b", "column 25 near 'WHERE': WHERE is out of order"),
        ("SELECT a FROM t WHERE b WHERE c", "near 'WHERE'"),
        ("SELECT a,, b FROM t", "column 10 near ',': comma with nothing after it"),
        ("SELECT a, FROM t", "column 11 near 'FROM': comma with nothing after it"),
        ("SELECT FROM t", "column 8 near 'FROM': SELECT with nothing after it"),
        ("SELECT a FROM t GROUP BY HAVING b", "near 'HAVING': GROUP BY with nothing after it"),
        ("SELECT a FROM t ORDER BY LIMIT 1", "near 'LIMIT': ORDER BY with nothing after it"),
        ("SELECT a FROM t GROUP BY", "GROUP BY with nothing after it"),
        ("SELECT a INTO b FROM t", "query writes"),
        ("SELECT ( SELECT COUNT ( * ) ->> FROM t WHERE t . ) id = t ) FROM t", ""),
        ("SELECT a FROM (t UNION SELECT 1)", "a side of UNION is not a SELECT"),
        ("(t) EXCEPT SELECT 1", "a side of EXCEPT is not a SELECT"),
        ("SELECT '\0'", "query with a NUL character"),
        ("SELECT '\ud800'", "query is not valid Unicode"),
        ("SELECT " + "(" * 5_000, "query is nested too deeply"),
        ("SELECT " + "NOT " * 3_000 + "1", "query is nested too deeply"),
        ("SELECT 1" + "+1" * 3_000, "query is nested too deeply"),
        ("SELECT 1" + " " * 20_000, "query of 20008 characters, at most 20000"),
    ],
)
def test_what_is_not_one_query_is_refused_with_the_place(sql, message):
    with pytest.raises(SqlSyntaxError) as caught:
        read(sql)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "(SELECT a FROM t WHERE b) UNION SELECT c FROM u ORDER BY 1 LIMIT 2",
        "WITH a AS (SELECT 1 FROM t LIMIT 1) SELECT * FROM a WHERE b GROUP BY c HAVING d",
        "SELECT a FROM t WHERE a IS DISTINCT FROM b",
        "SELECT a FROM t ORDER BY (SELECT b FROM u WHERE c LIMIT 1) LIMIT 3 OFFSET 1",
        "SELECT a FROM t LIMIT 1, 2",
        "SELECT t.offset, b AS offset FROM t WHERE offset > 1",
        "SELECT extract FROM t WHERE `where` = [from]",
        "SELECT replace(a, 'x', 'y'), COUNT(*) FILTER (WHERE b) FROM t GROUP BY 1",
    ],
)
def test_valid_queries_are_read(sql):
    assert isinstance(read(sql), exp.Query)


def test_a_query_is_read_in_its_dialect():
    sql = "SELECT a FROM t FETCH FIRST 3 ROWS ONLY"
    assert isinstance(read(sql, "postgres"), exp.Select)
    with pytest.raises(ConfigError, match="sqlite3000"):
        read(sql, "sqlite3000")


def test_double_quotes_are_names_or_strings_as_the_quirk_says():
    sql = """SELECT "a" || 'b' FROM t WHERE c = "it""s 5'" AND d = 'x""y'"""
    strict, strings = read(sql), read(sql, quirks=Quirks(double_quoted_strings=True))
    assert {c.name for c in strict.find_all(exp.Column)} == {"a", "c", "d", "it\"s 5'"}
    assert {c.name for c in strings.find_all(exp.Column)} == {"c", "d"}
    assert {s.name for s in strings.find_all(exp.Literal)} == {"a", "b", "it\"s 5'", 'x""y'}


def test_an_error_keeps_its_place_through_pickle():
    with pytest.raises(SqlSyntaxError) as caught:
        read("SELECT a, FROM t")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (str(error), error.line, error.column) == (str(caught.value), 1, 11)


def test_formatting_keeps_the_meaning():
    sql = "select a from t where b = 'New  York' and c in (select d from u)"
    assert "\nWHERE b = 'New  York'" in format_sql(sql)
    assert read(format_sql(sql)) == read(sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {'DATE(' * 40}name{')' * 40} FROM city",
        f"SELECT {'decimal [' * 40}1{']' * 40} FROM city",
        f"SELECT CAST(id AS {'DECIMAL(' * 40}1{')' * 40}) FROM city",
        f"SELECT {'`int`(' * 40}1{')' * 40} FROM city",
        f"SELECT 1 FROM city{' JOIN city' * 1_000}",
        f"SELECT 1 FROM city{' JOIN city, city' * 500}",
        f"SELECT 1 FROM city{' LEFT JOIN (city JOIN city ON 1)' * 100}",
        f"SELECT * FROM {'(SELECT * FROM ' * 60}city{')' * 60}",
        f"SELECT 1 WHERE 1 IN {'(SELECT 1 WHERE 1 IN ' * 30}(1){')' * 30}",
        f"SELECT {'1' * 19_000} FROM city ORDER BY {'1' * 900}",
        f"SELECT 1 FROM {', '.join(['city'] * 2_000)}",
    ],
)
def test_no_text_takes_long_to_read_and_compare(sql):
    started = time.thread_time()
    for use in (read, structure, normal_form):
        with suppress(SqlSyntaxError):
            use(sql)
    assert time.thread_time() - started < 5


def test_joins_and_calls_that_people_write_are_read():
    tables = "a JOIN b JOIN c JOIN d ON a.x = b.x AND b.y = c.y AND c.z = d.z"
    read(f"SELECT date(max(date(x, '+1 day'))) FROM {tables} UNION SELECT 1 FROM a JOIN b JOIN c")
    read(f"SELECT 1 FROM a {' '.join(f'JOIN t{n} ON a.x = t{n}.x' for n in range(60))}")
