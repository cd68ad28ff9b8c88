"""Names are resolved by scope, and a query falls into its parts."""

from __future__ import annotations

import pytest

from sqlgrpo.parsers.sql import resolve_sql, structure

DDL = """CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, size INTEGER, land_id INTEGER);
CREATE TABLE land (id INTEGER PRIMARY KEY, title TEXT, area REAL);"""


@pytest.mark.parametrize(
    ("sql", "labels"),
    [
        ("SELECT name FROM city", {"city.name"}),
        ("SELECT c.NAME FROM city AS c", {"city.name"}),
        ("SELECT x.n FROM (SELECT name AS n FROM city) AS x", {"city.name"}),
        ("WITH x(n) AS (SELECT name FROM city) SELECT n FROM x", {"city.name"}),
        (
            "SELECT title FROM land WHERE EXISTS (SELECT 1 FROM city WHERE land_id = land.id)",
            {"land.title", "city.land_id", "land.id"},
        ),
        ("SELECT title FROM city JOIN land USING (id) WHERE id > 1", {"land.title", "city.id"}),
        ("SELECT title FROM city NATURAL JOIN land ORDER BY id", {"land.title", "city.id"}),
        ("SELECT rowid FROM city", {"city.rowid"}),
        ("SELECT SUM(size) OVER w FROM city WINDOW w AS (ORDER BY id)", {"city.size", "city.id"}),
        ("SELECT * FROM (SELECT * FROM city) WHERE size > 1", {"city.size"}),
        (
            "SELECT name FROM city UNION SELECT title FROM land ORDER BY name",
            {"city.name", "land.title"},
        ),
        (
            "SELECT a.name FROM city a JOIN land b ON a.id = c.id JOIN city c ON c.id = b.id",
            {"city.name", "city.id", "land.id"},
        ),
    ],
)
def test_names_resolve_to_columns_of_tables(sql, labels):
    references = resolve_sql(sql, ddl=DDL).references.values()
    assert {reference.kind for reference in references} == {"column"}
    assert {reference.origin.label for reference in references} == labels


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT title FROM city", "missing"),
        ("SELECT land.name FROM city", "missing"),
        ("SELECT id FROM city, land", "ambiguous"),
        ("SELECT id FROM town", "missing"),
        ("SELECT 1 FROM city UNION SELECT 2 FROM land ORDER BY name", "missing"),
        ("SELECT x.title FROM (SELECT 1 AS name FROM city) AS x", "missing"),
        ("SELECT 1 FROM city, (SELECT 1 FROM land WHERE size > 0)", "missing"),
        ('SELECT 1 FROM city WHERE 1 = "Bern"', "string"),
    ],
)
def test_names_that_do_not_resolve_say_why(sql, kind):
    (reference,) = resolve_sql(sql, ddl=DDL).references.values()
    assert reference.kind == kind


def test_an_alias_stands_for_its_projection():
    query = resolve_sql("SELECT size * 2 AS d FROM city WHERE d > 1 ORDER BY d", ddl=DDL)
    aliased = [r.aliased.sql() for r in query.references.values() if r.kind == "alias"]
    assert aliased == ["size * 2", "size * 2"]


def test_without_a_schema_only_what_the_query_says_is_certain():
    query = resolve_sql("SELECT c.name, size FROM city c")
    found = {r.origin.label: r.kind for r in query.references.values()}
    assert found == {"city.name": "column", "city.size": "open"}


def test_a_query_falls_into_its_parts():
    parts = structure(
        "SELECT l.title, COUNT(*) FROM city c JOIN land l ON c.land_id = l.id "
        "WHERE c.size > 5 AND (l.title = 'A' OR l.title = 'B') GROUP BY l.title "
        "HAVING COUNT(*) >= 2 ORDER BY COUNT(*) DESC, l.title LIMIT 3",
        ddl=DDL,
    )
    assert parts.tables == ("city", "land")
    assert parts.aggregates == ("count(*)",) * 3
    assert parts.projections == ("count(*)", "land.title")
    assert parts.joins == ("(city.land_id = land.id)",)
    assert parts.conditions == (
        "((land.title = 'A') or (land.title = 'B'))",
        "(city.size > 5)",
    )
    assert parts.grouping == ("having (count(*) >= 2)", "land.title")
    assert parts.ordering == ("1: count(*) desc", "2: land.title", "limit 3")
    assert {"select", "from", "join", "where", "and", "or", "group by", "having"} <= set(
        parts.operations
    )


@pytest.mark.parametrize(
    "other",
    [
        "select T1.name from CITY as T1 where T1.id = 1 and T1.size > 2",
        "SELECT name FROM city WHERE (2 < size) AND 1 = id",
    ],
)
def test_the_parts_do_not_depend_on_spelling(other):
    assert structure(other, ddl=DDL) == structure(
        "SELECT name FROM city WHERE id = 1 AND size > 2", ddl=DDL
    )


def test_keywords_carry_their_context():
    sql = "WITH a AS (SELECT id FROM city) SELECT 1 FROM land WHERE id IN (SELECT id FROM a)"
    words = structure(sql, ddl=DDL).operations
    assert {"with select", "with from", "where", "in", "subquery select"} <= set(words)


def test_a_clause_that_uses_nothing_is_no_clause():
    words = structure("SELECT 1 FROM (SELECT 1) WHERE 1 HAVING 'x' LIMIT 0", ddl=DDL).operations
    assert set(words) == {"select", "subquery select"}
