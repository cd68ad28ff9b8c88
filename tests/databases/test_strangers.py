"""Constants that a prediction hides from its own tree are still tried."""

import pytest

from sqlgrpo.config import SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.types import Example

GOLD = "SELECT name FROM city WHERE pop = 5"
EXAMPLE = Example(
    id="1",
    question="?",
    schema="CREATE TABLE city (name TEXT, pop INTEGER, area REAL)",
    gold_sql=GOLD,
)


@pytest.fixture(scope="module")
def judge():
    judge = Judge(suite=SuiteConfig(workers=1))
    yield judge
    judge.close()


@pytest.mark.parametrize(
    "also",
    [
        'OR name = "zzq"',
        "OR name IN (VALUES ('zzq'))",
        "OR CASE pop WHEN 771231 THEN 1 END",
        "OR CASE name WHEN 'zzq' THEN 1 END",
        "OR pop IN (SELECT 771231 UNION SELECT -3)",
        "OR pop = (SELECT v FROM (SELECT 771231 AS v))",
        "OR name LIKE 'zz!_q' ESCAPE '!'",
        "OR ~pop = 771231",
        "OR pop = 0xBC49F",
        "OR CAST(pop AS no such type) = 771231",
        "OR CAST(name AS any long text) = 'zzq'",
        "OR name = 'zzq' /* /* */ -- */ */",
    ],
)
def test_a_constant_is_tried_wherever_it_stands(also, judge):
    outcome = judge.judge(f"{GOLD} {also}", EXAMPLE)
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    "also",
    [
        "AND name IN (SELECT name FROM city)OR name = CASE WHEN 0 THEN 'zzq' END",
        "AND \"zzq\" = \"zzq\" AND '%Y' <> '%m' AND CAST(1 AS no such type) = 1",
    ],
)
def test_a_constant_that_changes_nothing_is_no_objection(also, judge):
    sql = f"{GOLD} {also}".replace("AND name IN (SELECT name FROM city)", "")
    assert judge.judge(sql, EXAMPLE).equivalent
