"""The one door to all of this: is this prediction equivalent to the example's gold?"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from threading import Lock
from typing import Any

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.bench import Outcome
from sqlgrpo.databases.cache import Shelf
from sqlgrpo.databases.explain import Counterexample
from sqlgrpo.databases.keys import Key, identity
from sqlgrpo.databases.metrics import METRICS
from sqlgrpo.databases.preview import Preview
from sqlgrpo.databases.serving import Settings
from sqlgrpo.databases.suite import Suite
from sqlgrpo.databases.workers import OPENED, Died, Failed, Pool, Task
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

MEMORY = 500_000
"""Outcomes remembered; the oldest go first."""
SUITES_BYTES = 256 << 20
"""Room for the suites built so far, so that none is built twice."""
SILENCE_S = 900.0
"""Wall clock after which silent workers are started again: no verdict rests on it."""


class Judge:
    """Judges predictions in worker processes and remembers the outcomes.

    Copies made by pickling start without memory and without processes.
    """

    def __init__(
        self,
        compare: CompareConfig | None = None,
        limits: LimitsConfig | None = None,
        suite: SuiteConfig | None = None,
    ) -> None:
        self._settings = Settings(
            compare=compare or CompareConfig(),
            limits=limits or LimitsConfig(),
            suite=suite or SuiteConfig(),
        )
        self._known: dict[tuple[Key, str, str], Any] = {}
        self._broken: dict[Key, ExampleError] = {}
        self._suites = Shelf(SUITES_BYTES)
        self._pool: Pool | None = None
        self._owner = os.getpid()
        self._lock = Lock()

    def judge(self, sql: str, example: Example) -> Outcome:
        """Whether a prediction is equivalent; ``ExampleError`` if the example is broken."""
        outcome: Outcome = self._ask("outcome", sql, example)
        return outcome

    def matches_real(self, sql: str, example: Example) -> bool:
        """Whether it gives the gold's rows on ``example.database`` (EX)."""
        if example.database is None:
            raise ExampleError(f"{example.id} has no database", kind="missing_database")
        found: bool = self._ask("matches_real", sql, example)
        return found

    def suite(self, example: Example) -> Suite:
        """The example's suite, built or loaded."""
        found: Suite = self._ask("report", "", example)
        return found

    def metrics(self, sql: str, example: Example) -> dict[str, bool]:
        """Whether it passes by the published comparisons in ``metrics.METRICS``, by name."""
        found: dict[str, bool] = self._ask("metrics", sql, example)
        return found

    def previews(self, pairs: Sequence[tuple[str, Example]]) -> list[Preview]:
        """What each query does on a made-up database, for the eyes of the model that wrote it."""
        with self._lock:
            self._fetch("preview", pairs)
        return [self._ask("preview", sql, example) for sql, example in pairs]

    def explain(self, sql: str, example: Example) -> Counterexample | None:
        """The smallest data on which a prediction and the gold part ways.

        ``None`` when the prediction passes, and when it differs in failing.
        """
        found: Counterexample | None = self._ask("explain", sql, example)
        return found

    def prefetch(self, pairs: Sequence[tuple[str, Example]]) -> None:
        """Judge many at once, so that ``judge`` only has to look them up."""
        with self._lock:
            self._fetch("outcome", pairs)

    def close(self) -> None:
        """End the worker processes; the next question starts new ones."""
        if self._pool is not None and self._owner == os.getpid():
            self._pool.close()
        self._pool = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Judge, (self._settings.compare, self._settings.limits, self._settings.suite)

    def __del__(self) -> None:
        self.close()

    def _ask(self, method: str, argument: str, example: Example) -> Any:
        key = identity(example)
        with self._lock:
            self._fetch(method, [(argument, example)])
            if key not in self._broken:
                return self._known[key, method, argument]
        raise self._broken[key]

    def _fetch(self, method: str, pairs: Sequence[tuple[str, Example]]) -> None:
        wanted: dict[Key, dict[str, None]] = {}
        for argument, example in pairs:
            key = identity(example)
            if key not in self._broken and (key, method, argument) not in self._known:
                wanted.setdefault(key, {})[argument] = None
        keys = list(wanted)
        tasks = [
            Task(
                method=method,
                key=key,
                arguments=tuple(arguments),
                suite=self._suites.get(key),
            )
            for key, arguments in wanted.items()
        ]
        for number, step, answer in self._workers().run(tasks) if tasks else ():
            if step == OPENED:
                self._suites.put(keys[number], answer)
            else:
                self._note(keys[number], method, tasks[number].arguments[step], answer)

    def _note(self, key: Key, method: str, argument: str, answer: Any) -> None:
        if isinstance(answer, ExampleError):
            self._broken[key] = answer
            return
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Died):
            if answer.opening:
                self._broken[key] = self._broken_opening(key, answer)
                return
            answer = self._without_answer(self._reason(answer), method)
        if isinstance(answer, Failed):
            answer = self._without_answer(f"it cannot be judged ({answer.problem})", method)
        while len(self._known) >= MEMORY:
            del self._known[next(iter(self._known))]
        self._known[key, method, argument] = answer

    def _broken_opening(self, key: Key, death: Died) -> ExampleError:
        """The example's fault, unless it was open before or something else killed the worker."""
        if self._suites.get(key) or death.status == -signal.SIGKILL:
            raise RuntimeError(
                f"worker processes end (status {death.status}) while they open the suite of "
                f"{key[1]!r}; is the machine out of memory?"
            )
        if death.timed_out:
            return ExampleError("gold fails: too slow to build a suite", kind="gold_timeout")
        why = f"gold fails: it ended its worker (status {death.status})"
        return ExampleError(why, kind="gold_fails")

    def _reason(self, death: Died) -> str:
        if death.timed_out:
            return f"timed out after {self._settings.limits.timeout_s:g} s"
        return f"the query ended its worker (status {death.status})"

    @staticmethod
    def _without_answer(reason: str, method: str) -> Any:
        instead = {"explain": None, "matches_real": False, "metrics": dict.fromkeys(METRICS, False)}
        if method in instead:
            return instead[method]
        return Preview(error=reason) if method == "preview" else Outcome(False, False, reason)

    def _workers(self) -> Pool:
        if self._pool is None or self._owner != os.getpid():  # a fork has its own workers
            self._owner = os.getpid()
            count = self._settings.suite.workers or os.cpu_count() or 1
            self._pool = Pool(count, self._settings, SILENCE_S)
        return self._pool
