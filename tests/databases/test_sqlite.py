import sqlite3
import time

import pytest

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.sqlite import execute
from sqlgrpo.errors import ExampleError

COUNT_FOREVER = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
LIMITS = LimitsConfig(timeout_s=0.3, max_rows=100, max_value_bytes=10_000)


@pytest.fixture
def city(tmp_path):
    path = tmp_path / "city.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE city (name TEXT, seen DATE, people INT)")
    connection.execute("INSERT INTO city VALUES ('Ulm', '2020-05-01', 126), ('Bonn', NULL, 330)")
    connection.execute("CREATE VIEW big AS SELECT * FROM city WHERE people > 200")
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT name FROM city WHERE people > 200", (("Bonn",),)),
        ("  /* first */ -- then\n SELECT COUNT(*) FROM city; ", ((2,),)),
        ("WITH c AS (SELECT 1) SELECT COUNT(*) FROM c", ((1,),)),
        ("SELECT strftime('%Y', seen) FROM city WHERE seen NOTNULL", (("2020",),)),
        ("SELECT date('2020-02-28', '+1 day')", (("2020-02-29",),)),
        (COUNT_FOREVER + "SELECT n FROM c LIMIT 3", ((1,), (2,), (3,))),
        ("SELECT name FROM big", (("Bonn",),)),
        ("SELECT name FROM city WHERE people IN (VALUES (126))", (("Ulm",),)),
        ("WITH v AS (VALUES (1)) SELECT * FROM v", ((1,),)),
        ("SELECT printf('%05.1f|%-4s|%*d|%%', 1.5, 'a', 4, 7)", (("001.5|a   |   7|%",),)),
    ],
)
def test_a_query_that_only_reads_runs(sql, rows, city):
    assert execute(city, sql, limits=LIMITS).rows == rows


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DELETE FROM city", "not authorized: starts with 'DELETE'"),
        ("WITH c AS (SELECT 1) DELETE FROM city", "not authorized: delete city"),
        ("WITH c AS (SELECT 1) INSERT INTO city SELECT 1, 2, 3", "not authorized: insert city"),
        ("DROP TABLE city", "not a SELECT"),
        ("VALUES (0)", "not authorized: starts with 'VALUES'"),
        ("WITH v AS (SELECT 1) VALUES (0)", "not authorized: VALUES reads no table"),
        ("PRAGMA user_version = 3", "not a SELECT"),
        ("EXPLAIN SELECT 1", "not a SELECT"),
        ("ATTACH 'x.db' AS x", "not a SELECT"),
        ("SELECT 1; DROP TABLE city", "more than one statement"),
        ("SELECT name FROM sqlite_master", "reads sqlite_master"),
        ("SELECT COUNT(*) FROM sqlite_schema", "reads sqlite_schema"),
        ("SELECT * FROM pragma_table_info('city')", "not authorized"),
        ("SELECT COUNT(*) FROM pragma_table_list", "not authorized"),
        ("SELECT * FROM json_each('[1]')", "not authorized"),
        ("SELECT random()", "function random"),
        ("SELECT hex(randomblob(4))", "function randomblob"),
        ("SELECT CURRENT_TIMESTAMP", "function current_timestamp"),
        ("SELECT load_extension('evil')", "function load_extension"),
        ("SELECT last_insert_rowid()", "function last_insert_rowid"),
        ("SELECT date('now')", "reads the clock"),
        ("SELECT date('no' || 'w')", "reads the clock"),
        ("SELECT date()", "reads the clock"),
        ("SELECT strftime('%Y')", "reads the clock"),
        ("SELECT datetime('2020-01-01', 'localtime')", "time zone"),
        ("", "empty query"),
        ("-- nothing", "empty query"),
        ("SELECT 1 \0 + 1", "NUL character"),
        ("SELECT '\ud800'", "surrogate"),
        ("SELECT " + "1 + " * 9_000 + "1", "longer than"),
        ("SELECT " + "(" * 150 + "1" + ")" * 150, "overflow"),
        ("SELECT mayor FROM city", "no such column: mayor"),
        ("SELECT ?", "bindings"),
    ],
)
def test_anything_else_is_refused_with_the_reason(sql, reason, city):
    before = city.read_bytes()
    result = execute(city, sql, limits=LIMITS)
    assert reason in result.error
    assert result.rows == ()
    assert city.read_bytes() == before


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (COUNT_FOREVER + "SELECT COUNT(*) FROM c", "timed out after 0.3 s"),
        (COUNT_FOREVER + "SELECT n FROM c", "more than 100 rows"),
        ("SELECT zeroblob(20000)", "too big"),
        ("SELECT printf('%.*c', 500000000, 'x')", "too large: a width in printf()"),
        ("SELECT format('%s%*d', 'a', -500000000, 1)", "too large: a width in printf()"),
        ("SELECT printf('%.500000000f', 1.5)", "too large: a width in printf()"),
        ("SELECT printf('%9999d%9999d', 1, 1)", "too large: a width in printf()"),
        ("SELECT replace(hex(zeroblob(4000)), '0', 'abcdef')", "too big"),
        (COUNT_FOREVER + "SELECT hex(zeroblob(4000)) FROM c", "too large"),
    ],
)
def test_a_query_that_spends_too_much_is_stopped(sql, reason, city):
    started = time.monotonic()
    assert reason in execute(city, sql, limits=LIMITS).error
    assert time.monotonic() - started < 30


def test_a_missing_or_foreign_file_is_a_broken_example(tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to have a header" * 10)
    for path in (tmp_path / "none.sqlite", other):
        with pytest.raises(ExampleError) as caught:
            execute(path, "SELECT 1")
        assert caught.value.kind == "missing_database"
