"""How long queries that run away are let run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from attack.damage import spent_seconds
from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

OVERRUN = 1.1
"""The most that a query may take, as a share of its budget."""


def shares_of_budget(
    queries: Sequence[tuple[str, Example]], timeout_s: float
) -> list[tuple[float, float]]:
    """What each query takes, run alone, as shares of its budget: processor time, and the clock.

    Processor time is what counts: what else the machine does must not decide.
    """
    judge = Judge(limits=LimitsConfig(timeout_s=timeout_s), suite=SuiteConfig(workers=1))
    shares = []
    for number, (sql, of) in enumerate(queries):
        try:
            judge.judge(f"{of.gold_sql} -- {number}", of)  # a worker that was killed starts again
            begun, spent = time.monotonic(), spent_seconds()
            judge.judge(f"{sql} ", of)
        except ExampleError:
            continue
        took = spent_seconds() - spent, time.monotonic() - begun
        shares.append((took[0] / timeout_s, took[1] / timeout_s))
        if shares[-1][0] > OVERRUN:
            print(f"overrun: {shares[-1][0]:.2f} of the budget: {sql[:300]!r}")
    judge.close()
    return shares
