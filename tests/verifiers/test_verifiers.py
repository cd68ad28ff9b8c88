"""Each verifier pays the golds in full and the hacks next to nothing."""

from __future__ import annotations

import pickle

import pytest
from tests.verifiers.fixtures import GOLDS, example_of

from sqlgrpo.databases import Judge
from sqlgrpo.errors import ConfigError, ExampleError
from sqlgrpo.types import Example, Quirks, Verdict
from sqlgrpo.verifiers import VERIFIERS, build_verifier

CITIES = """CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, size INTEGER, land_id INTEGER);
CREATE TABLE land (id INTEGER PRIMARY KEY, title TEXT, code TEXT);"""
GOLD = (
    "SELECT l.title, COUNT(*) FROM city c JOIN land l ON c.land_id = l.id "
    "WHERE c.size > 5 GROUP BY l.id, l.title ORDER BY l.title"
)


@pytest.fixture(scope="module")
def judge():
    judge = Judge()
    yield judge
    judge.close()


def verdict(name: str, sql: str, judge: Judge, gold: str = GOLD, **quirks: bool) -> Verdict:
    example = Example(id="e", question="", schema=CITIES, gold_sql=gold, quirks=Quirks(**quirks))
    return build_verifier(name, judge)(sql, example)


@pytest.mark.parametrize("name", VERIFIERS)
def test_every_gold_earns_the_full_score(name, judge):
    verifier = build_verifier(name, judge)
    verdicts = [verifier(gold["gold"], example_of(gold)) for gold in GOLDS]
    assert [v.reason for v in verdicts if v.score != 1.0] == []


@pytest.mark.parametrize(
    ("name", "sql", "reason"),
    [
        ("syntax", "SELECT FROM WHERE JOIN ON", "nothing after it"),
        ("syntax", "the largest city", "expected SELECT or WITH"),
        ("syntax", "SELECT 1; DROP TABLE city", "second statement"),
        ("syntax", "UPDATE city SET size = 1", "expected SELECT or WITH"),
        ("schema", "SELECT 1", "reads no table of the schema"),
        ("schema", "SELECT * FROM sqlite_master", "reads no table of the schema"),
        ("schema", "WITH city AS (SELECT 1 AS id) SELECT id FROM city", "reads no table"),
        ("schema", "SELECT city name size", "invalid expression"),
        ("keywords", "SELECT FROM JOIN ON WHERE GROUP BY ORDER BY COUNT", "nothing after it"),
        (
            "keywords",
            "select the title from land join city on where group by",
            "with nothing after it",
        ),
        ("keywords", "SELECT 'FROM city JOIN land WHERE GROUP BY'", "reads no table"),
        ("keywords", "SELECT 1 WHERE 1 GROUP BY 1 ORDER BY 1", "reads no table"),
        ("structure", "SELECT 1", "projections"),
        ("structure", "DELETE FROM city", "expected SELECT or WITH"),
        ("exact", "SELECT 1", "another normal form"),
        ("executes", "DROP TABLE city", "not authorized"),
        ("executes", "SELECT nmae FROM city", "no such column: nmae"),
        ("equivalent", "SELECT 1, 2", "1 row, expected"),
        ("equivalent", GOLD.replace("> 5", ">= 5"), "rows"),
        ("equivalent", GOLD.replace(" ORDER BY l.title", ""), "out of order"),
    ],
)
def test_a_hack_earns_nothing_and_hears_why(name, sql, reason, judge):
    found = verdict(name, sql, judge)
    assert found.score == 0.0
    assert reason in found.reason


@pytest.mark.parametrize(
    ("sql", "score", "reason"),
    [
        ("SELECT name FROM city", 1.0, ""),
        ("SELECT name, height FROM city", 2 / 3, "no column height"),
        ("SELECT title FROM city JOIN land ON land.id = land_id", 1.0, ""),
        ("SELECT name FROM city, town", 2 / 3, "no table town"),
        ("SELECT id FROM city, land", 2 / 3, "ambiguous column id"),
        (
            "SELECT 1 FROM city c JOIN land l ON c.land_id = l.code",
            4 / 5,
            "compares numbers with text",
        ),
        ("SELECT 1 FROM city JOIN land USING (name)", 2 / 3, "no column name on both sides"),
        ("SELECT name FROM city WHERE id IN (SELECT land.id FROM land WHERE size > code)", 1.0, ""),
        ("SELECT x.title FROM (SELECT name FROM city) x", 2 / 3, "no column x.title"),
    ],
)
def test_schema_scores_the_share_of_names_that_exist(sql, score, reason, judge):
    found = verdict("schema", sql, judge)
    assert found.score == pytest.approx(score)
    assert reason in found.reason


def test_a_join_that_the_gold_makes_too_is_not_held_against_a_query(judge):
    gold = "SELECT name FROM city c JOIN land l ON c.land_id = l.code"
    other = "SELECT name, title FROM land JOIN city ON code = land_id"
    assert verdict("schema", other, judge, gold).score == 1.0


def test_keywords_reward_the_needed_clauses_and_charge_for_others(judge):
    def score(sql: str) -> float:
        return verdict("keywords", sql, judge, "SELECT name FROM city WHERE size > 5").score

    needed = score("SELECT id FROM city WHERE id > 7")
    without = score("SELECT id FROM city")
    padded = score("SELECT DISTINCT id FROM city WHERE id > 7 GROUP BY id ORDER BY id LIMIT 9")
    nested = score("SELECT id FROM (SELECT id FROM city WHERE id > 7)")
    idle = score("SELECT id FROM city WHERE 1")
    assert needed == 1.0
    assert idle == without < needed
    assert nested < needed
    assert padded < needed


def test_structure_grows_with_every_clause_that_agrees(judge):
    steps = [
        "SELECT name FROM land",
        "SELECT title FROM land",
        "SELECT title FROM city c JOIN land l ON c.land_id = l.id",
        "SELECT title, COUNT(*) FROM city c JOIN land l ON c.land_id = l.id WHERE size > 6",
        "SELECT title, COUNT(*) FROM city c JOIN land l ON c.land_id = l.id WHERE size > 5",
        GOLD.replace(" ORDER BY l.title", ""),
        GOLD,
    ]
    scores = [verdict("structure", sql, judge).score for sql in steps]
    assert scores == sorted(set(scores))
    assert scores[-1] == 1.0


def test_exact_sees_through_spelling_alone(judge):
    spelled = (
        "select T2.title, count(*) from City as T1 join Land as T2 on T2.id = T1.land_id "
        "where 5 < size group by T2.title, T2.id order by 1"
    )
    assert verdict("exact", spelled, judge).score == 1.0
    assert verdict("exact", spelled.replace("5", "6"), judge).score == 0.0


@pytest.mark.parametrize("name", ["schema", "keywords", "structure", "exact", "equivalent"])
@pytest.mark.parametrize("gold", ["SELECT name FROM", "DROP TABLE city"])
def test_a_broken_gold_is_an_error_not_a_score(name, gold, judge):
    with pytest.raises(ExampleError):
        verdict(name, "SELECT name FROM city", judge, gold)


def test_double_quoted_strings_are_read_as_the_example_says(judge):
    sql, gold = 'SELECT id FROM city WHERE name = "size"', "SELECT id FROM city WHERE name = 'size'"
    assert verdict("exact", sql, judge, gold).score == 0.0
    assert verdict("exact", sql, judge, gold, double_quoted_strings=True).score == 1.0


def test_an_unknown_verifier_is_named_with_the_nearest(judge):
    with pytest.raises(ConfigError, match="no verifier named 'exectues'; did you mean 'executes'"):
        build_verifier("exectues", judge)


@pytest.mark.parametrize("name", VERIFIERS)
def test_verifiers_survive_pickling(name, judge):
    verifier = pickle.loads(pickle.dumps(build_verifier(name, judge)))
    assert verifier.name == name
    assert verifier("SELECT 1 FROM nowhere", example_of(GOLDS[0])).verifier == name
