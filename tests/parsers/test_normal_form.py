"""One normal form for all spellings of a query, and never one for two queries."""

from __future__ import annotations

from itertools import combinations

import pytest

from sqlgrpo.parsers.sql import normal_form
from sqlgrpo.types import Quirks

DDL = """CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, size INTEGER, land_id INTEGER);
CREATE TABLE land (id INTEGER PRIMARY KEY, name TEXT, "Big One" TEXT);"""

SAME = [
    ["SELECT name FROM city", "select CITY.NAME from City;", "SELECT `name` FROM [city] AS c"],
    ["SELECT 1.50, 007, 'x'", "SELECT 1.5, 7, 'x'"],
    [
        "SELECT name FROM city WHERE id = 1 AND size > 2 AND land_id < 3",
        "SELECT name FROM city WHERE (land_id < 3 AND 2 < size) AND 1 = id",
    ],
    ["SELECT name FROM city WHERE id IN (2, 1, 2)", "SELECT name FROM city WHERE id IN (1, 2)"],
    [
        "SELECT c.name FROM city c JOIN land l ON c.land_id = l.id",
        "SELECT T1.name FROM city AS T1 INNER JOIN land AS T2 ON T2.id = T1.land_id",
    ],
    ["SELECT COUNT(*) AS n FROM city ORDER BY n", "SELECT COUNT(*) FROM city ORDER BY COUNT(*)"],
    ["SELECT name, size FROM city ORDER BY 2", "SELECT name, size FROM city ORDER BY size ASC"],
    [
        "WITH a AS (SELECT id AS x FROM city) SELECT x FROM a",
        "WITH b AS (SELECT id AS y FROM city) SELECT q.y FROM b AS q",
    ],
    ["SELECT name FROM city WHERE id <> 1", "SELECT name FROM city WHERE id != 1"],
]
DIFFERENT = [
    "SELECT name FROM city",
    "SELECT size FROM city",
    "SELECT DISTINCT name FROM city",
    "SELECT name FROM land",
    "SELECT name FROM city WHERE name = 'Bern'",
    "SELECT name FROM city WHERE name = 'bern'",
    "SELECT name FROM city WHERE name = 'Bern '",
    'SELECT name FROM city WHERE name = "Bern  "',
    'SELECT name FROM city WHERE name = "size"',
    "SELECT name FROM city WHERE name = 'size'",
    "SELECT name FROM city WHERE size > 2",
    "SELECT name FROM city WHERE size >= 2",
    "SELECT name FROM city WHERE size < 2",
    "SELECT name FROM city WHERE size = 2",
    "SELECT name FROM city WHERE size = '2'",
    "SELECT name FROM city WHERE size = 2.0",
    "SELECT name FROM city WHERE (id OR size) AND land_id",
    "SELECT name FROM city WHERE id OR size AND land_id",
    "SELECT (size + 1) * 2 FROM city",
    "SELECT size + 1 * 2 FROM city",
    "SELECT size - 1 FROM city",
    "SELECT 1 - size FROM city",
    "SELECT COUNT(name) FROM city",
    "SELECT COUNT(DISTINCT name) FROM city",
    "SELECT COUNT(*) FROM city",
    "SELECT name FROM city ORDER BY size",
    "SELECT name FROM city ORDER BY size DESC",
    "SELECT name FROM city ORDER BY size NULLS LAST",
    "SELECT name FROM city ORDER BY size, id",
    "SELECT name FROM city ORDER BY id, size",
    "SELECT name FROM city LIMIT 2",
    "SELECT name FROM city LIMIT 2 OFFSET 1",
    "SELECT name FROM city UNION SELECT name FROM land",
    "SELECT name FROM city UNION ALL SELECT name FROM land",
    "SELECT c.name FROM city c JOIN land l ON c.land_id = l.id",
    "SELECT l.name FROM city c JOIN land l ON c.land_id = l.id",
    "SELECT c.name FROM city c LEFT JOIN land l ON c.land_id = l.id",
    "SELECT a.name FROM city a JOIN city b ON a.id = b.size",
    "SELECT b.name FROM city a JOIN city b ON a.id = b.size",
    "SELECT name FROM city c WHERE EXISTS (SELECT 1 FROM land l WHERE l.id = c.id)",
    "SELECT name FROM city c WHERE EXISTS (SELECT 1 FROM land l WHERE l.id = l.id)",
    "SELECT name FROM city WHERE id IN (SELECT id FROM land)",
    "SELECT name FROM city WHERE id NOT IN (SELECT id FROM land)",
    "SELECT CAST(size AS TEXT) FROM city",
    "SELECT CAST(size AS STRING) FROM city",
    "SELECT name FROM city WHERE name LIKE 'a%'",
    "SELECT name FROM city WHERE name GLOB 'a%'",
    "SELECT size AS name FROM city ORDER BY name",
    "SELECT size FROM city ORDER BY name",
    "SELECT name || size * 2 FROM city",
    "SELECT (name || size) * 2 FROM city",
]


@pytest.mark.parametrize("spellings", SAME)
def test_spellings_of_one_query_have_one_normal_form(spellings):
    assert len({normal_form(sql, ddl=DDL) for sql in spellings}) == 1


def test_queries_that_differ_in_meaning_have_different_normal_forms():
    forms = {sql: normal_form(sql, ddl=DDL) for sql in DIFFERENT}
    clashes = [(a, b) for a, b in combinations(DIFFERENT, 2) if forms[a] == forms[b]]
    assert not clashes


def test_an_unknown_quoted_name_is_a_string_only_when_the_schema_is_known():
    quoted, text = (
        'SELECT id FROM city WHERE name = "Bern"',
        "SELECT id FROM city WHERE name = 'Bern'",
    )
    assert normal_form(quoted, ddl=DDL) == normal_form(text, ddl=DDL)
    assert normal_form(quoted) != normal_form(text)
    assert normal_form(quoted, quirks=Quirks(double_quoted_strings=True)) == normal_form(text)


def test_without_a_schema_the_case_of_quoted_names_is_kept():
    forms = {normal_form(f'SELECT id FROM city WHERE name = "{name}"') for name in ("Bern", "bern")}
    assert len(forms) == 2
