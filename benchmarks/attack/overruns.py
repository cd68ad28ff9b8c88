"""How long queries that run away are let run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from attack.damage import spent_seconds
from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

OVERRUN = 1.1
"""The most that a query may take, as a share of its budget."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a verdict took, as shares of the query's budget."""

    query: float
    """Processor time, with the databases that are made for the query already there."""
    with_databases: float
    """Processor time with them: they have a budget of their own."""
    by_the_clock: float


def shares_of_budget(queries: Sequence[tuple[str, Example]], timeout_s: float) -> list[Share]:
    """What each query takes, run alone.

    Processor time is what counts: what else the machine does must not decide.
    """
    judge = Judge(limits=LimitsConfig(timeout_s=timeout_s), suite=SuiteConfig(workers=1))
    shares = []
    for number, (sql, of) in enumerate(queries):
        try:
            first, again = (_took(judge, sql, of, f"{number} {n}") for n in range(2))
        except ExampleError:
            continue
        share = Share(again[0] / timeout_s, first[0] / timeout_s, again[1] / timeout_s)
        if share.query > OVERRUN:
            print(f"overrun: {share.query:.2f} of the budget: {sql[:300]!r}")
        shares.append(share)
    judge.close()
    return shares


def _took(judge: Judge, sql: str, of: Example, name: str) -> tuple[float, float]:
    """Processor time and wall clock of one verdict that nobody remembers."""
    judge.judge(f"{of.gold_sql} -- {name}", of)  # a worker that was killed starts again
    begun, spent = time.monotonic(), spent_seconds()
    judge.judge(f"{sql} -- {name}", of)
    return spent_seconds() - spent, time.monotonic() - begun
