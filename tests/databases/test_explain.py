from __future__ import annotations

import resource

from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="1",
    question="Which cities are large?",
    schema="CREATE TABLE city (name TEXT, country TEXT, population INTEGER, area INTEGER)",
    gold_sql="SELECT name, country, area FROM city WHERE population > 1000 ORDER BY name, area",
)
SLOW = """
    WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 400000)
    SELECT name, country, area FROM city
    WHERE population > 1000 AND area < (SELECT max(n) FROM up) ORDER BY name, area
"""


def spent_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_query_that_is_slow_on_every_database_is_explained_in_bounded_time():
    judge = Judge(limits=LimitsConfig(timeout_s=4.0), suite=SuiteConfig(workers=1))
    before = spent_s()
    shown = judge.explain(SLOW, EXAMPLE)
    judge.close()
    assert spent_s() - before < 9.0  # some tenths for each database, then two seconds
    assert shown is not None
    assert shown.gold_rows != shown.pred_rows
