from __future__ import annotations

import resource
import sqlite3
import time
from contextlib import closing

from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.databases.explain import SHRINK_S
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="1",
    question="Which countries have many cities?",
    schema="CREATE TABLE city (name TEXT, country TEXT, population INTEGER, area INTEGER)",
    gold_sql="SELECT country FROM city WHERE area > 7 GROUP BY country HAVING COUNT(*) > 3",
)
SLOW = """
    WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 4000000)
    SELECT country FROM city, (SELECT max(n) AS most FROM up)
    WHERE area > 7 AND most > 0 GROUP BY country HAVING COUNT(*) > 2
"""
QUICK = "SELECT country FROM city WHERE area > 7 GROUP BY country HAVING COUNT(*) > 2"


def spent_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def explained(sql):
    """What a process of its own says, and the processor seconds that it takes in all."""
    judge = Judge(limits=LimitsConfig(timeout_s=8.0), suite=SuiteConfig(workers=1))
    before = spent_s()
    shown = judge.explain(sql, EXAMPLE)
    judge.close()
    return shown, spent_s() - before


def once_s():
    """Processor seconds of the slow query, run by itself."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(EXAMPLE.schema)
        before = time.thread_time()
        connection.execute(SLOW).fetchall()
        return time.thread_time() - before


def test_a_query_that_is_slow_on_every_database_is_explained_in_bounded_time():
    before_s = once_s()
    _, start_s = explained(QUICK)
    shown, slow_s = explained(SLOW)
    query_s = max(before_s, once_s())
    # Found, tried smaller until the time is up, and shown; without a bound thirty runs and more.
    assert slow_s - start_s < SHRINK_S + 4 * query_s
    assert shown is not None
    assert shown.gold_rows != shown.pred_rows
