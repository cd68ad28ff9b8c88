from __future__ import annotations

from types import SimpleNamespace

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases import explain
from sqlgrpo.databases.bench import Bench
from sqlgrpo.databases.explain import SHRINK_S
from sqlgrpo.databases.suite import Search, read_case
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="1",
    question="Which countries have many cities?",
    schema="CREATE TABLE city (name TEXT, country TEXT, population INTEGER, area INTEGER)",
    gold_sql="SELECT country FROM city WHERE area > 7 GROUP BY country HAVING COUNT(*) > 3",
)
WRONG = "SELECT country FROM city WHERE area > 7 GROUP BY country HAVING COUNT(*) > 2"


class Runs:
    """How often a query has run, and a clock on which every run takes as long."""

    def __init__(self, query_s: float) -> None:
        self.number, self.query_s, self.limits = 0, query_s, LimitsConfig()

    def alarm(self, seconds: float) -> None:
        """Set for a query's own limit before each run."""
        self.number += seconds == self.limits.timeout_s

    def thread_time(self) -> float:
        return self.number * self.query_s


def explained(query_s, monkeypatch):
    """What is shown of a query that takes so long on every database, and how often it ran."""
    runs, config, compare = Runs(query_s), SuiteConfig(), CompareConfig()
    monkeypatch.setattr(explain, "time", SimpleNamespace(thread_time=runs.thread_time))
    case = read_case(EXAMPLE, config)
    suite = Search(case, compare, runs.limits, config).suite()
    bench = Bench(
        EXAMPLE, case, suite, compare=compare, limits=runs.limits, config=config, alarm=runs.alarm
    )
    shown = bench.explain(WRONG)
    bench.close()
    return shown, runs.number


def test_a_query_that_is_slow_on_every_database_is_explained_in_bounded_time(monkeypatch):
    _, quick = explained(0.0, monkeypatch)
    shown, once = explained(SHRINK_S, monkeypatch)
    _, twice = explained(SHRINK_S / 2, monkeypatch)
    _, often = explained(SHRINK_S / 10, monkeypatch)
    # Read, found, tried smaller until the time is up, and shown.
    assert (once, twice, often) == (4, 5, 13)
    assert quick > 30
    assert shown is not None
    assert shown.gold_rows != shown.pred_rows
