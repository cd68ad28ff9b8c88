"""A suite opened for use: the databases of one example, ready to judge predictions.

This is where predictions run, so it lives in a worker process (see ``judge``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.compare import Comparison, GoldRows
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.explain import BACKWARDS, Counterexample, forwards, inserts, shrunk
from sqlgrpo.databases.gold import gold_rows, is_certain
from sqlgrpo.databases.metrics import METRICS
from sqlgrpo.databases.own import Own
from sqlgrpo.databases.preview import Preview, preview
from sqlgrpo.databases.quirks import to_sqlite
from sqlgrpo.databases.sqlite import Rows, Session, open_file, refusal
from sqlgrpo.databases.suite import Candidate, Case, Search, Suite, broken_gold
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.lexer import has_comment, letters, same_text
from sqlgrpo.types import Example


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known about one prediction."""

    runs: bool
    """It is one permitted SELECT that finished within its limits."""
    equivalent: bool
    reason: str = ""
    """Why it is not equivalent."""


WORK_S = 60.0
"""Processor time after which the alarm ends work that no query's own limit bounds."""
TICKS_S = 0.03  # before its limit a query stops by itself: the alarm's clock is that coarse
PATIENCE = 4.0  # times a prediction's limit that a gold may take, once its suite is built

RIGHT = Outcome(runs=True, equivalent=True)


def no_alarm(_cpu_seconds: float) -> None:
    """The alarm of a process that nobody may kill."""


class Bench:
    """The open databases of one example."""

    def __init__(
        self,
        example: Example,
        case: Case,
        suite: Suite,
        *,
        compare: CompareConfig,
        limits: LimitsConfig,
        config: SuiteConfig,
        known: bool = False,
        alarm: Callable[[float], None] = no_alarm,
    ) -> None:
        self.example, self.case, self.suite = example, case, suite
        self._compare, self._limits, self._config = compare, limits, config
        self._alarm = alarm
        self._search = Search(case, compare, limits, config)
        patience = PATIENCE if known else 1.0
        self._candidates = [self._search.open(c, patience) for c in suite.contents]
        self._own = Own(case, suite, self._candidates, self._search, limits, config)
        self._real: tuple[Session, GoldRows] | None = None
        self._real_is_certain: bool | None = None
        self._gold_text, self._gold_letters = same_text(case.gold.sql), letters(case.gold.sql)
        self._gold_has_comment = has_comment(case.gold.sql)

    @property
    def databases(self) -> int:
        """How many are open."""
        return len(self._candidates) + len(self._own)

    def outcome(self, sql: str) -> Outcome:
        """Run a prediction on database after database until one tells it from the gold."""
        text, reason = self._read(sql)
        if reason:
            return Outcome(False, False, reason)
        if self._is_gold(text):
            return RIGHT
        comparison = Comparison(self._compare)
        outcome = self._on(self._candidates, text, comparison)
        if outcome.equivalent and self._real_counts():
            outcome = self._on_real(text, comparison)
        if outcome.equivalent and self._config.own_databases:
            own = self._own.challenge(text)
            outcome = self._on(own.candidates, text, comparison)
            if outcome.equivalent and own.untestable:
                outcome = Outcome(True, False, own.untestable)
        return outcome

    def matches_real(self, sql: str) -> bool:
        """Whether the prediction matches the gold on the example's own database."""
        text, reason = self._read(sql)
        if reason:
            return False
        return self._on_real(text, Comparison(self._compare)).equivalent

    def metrics(self, sql: str) -> dict[str, bool]:
        """What the comparisons of others say: on the real database if there is one, else on
        every database of the suite."""
        text, reason = self._read(sql)
        if reason:
            return dict.fromkeys(METRICS, False)
        sessions = [candidate.session for candidate in self._candidates]
        if self.example.database:
            self._real = self._real or self._open_real()
            sessions = [self._real[0]]
        gold = self.case.gold.sql
        pairs = [(session.run(gold), self._run(session, text)) for session in sessions]
        return {
            name: all(metric(gold, wanted, found) for wanted, found in pairs)
            for name, metric in METRICS.items()
        }

    def preview(self, sql: str) -> Preview:
        """What a prediction does on a made-up database that knows neither gold nor suite."""
        self._alarm(self._limits.timeout_s)
        own = self.example
        return preview(sql, own.schema, own.dialect, own.quirks, self._limits)

    def report(self, _argument: str) -> Suite:
        return self.suite

    def close(self) -> None:
        for candidate in self._candidates:
            candidate.session.close()
        self._own.close()
        if self._real:
            self._real[0].close()

    def explain(self, sql: str) -> Counterexample | None:
        """The smallest database that tells a prediction from the gold, if one was found."""
        text, reason = self._read(sql)
        if reason or self._is_gold(text):
            return None
        for candidate in self._tried_on(text):
            result = self._run(candidate.session, text)
            if result.error:
                return None
            if Comparison(self._compare).add(candidate.rows, result.rows, result.width):
                return self._counterexample(candidate.contents, text)
        return None

    def _tried_on(self, text: str) -> Iterator[Candidate]:
        """The suite's databases, then those made for this prediction."""
        yield from self._candidates
        yield from self._own.challenge(text).candidates

    def _read(self, sql: str) -> tuple[str, str]:
        """The text for SQLite, and why it may not run, if so."""
        self._alarm(self._limits.timeout_s)
        if len(sql) > self._limits.max_sql_chars:
            return sql, refusal(sql, self._limits)
        text = to_sqlite(sql, self.example.dialect, self.example.quirks)
        self._alarm(WORK_S)
        return text, refusal(text, self._limits)

    def _is_gold(self, text: str) -> bool:
        if text == self.case.gold.sql:
            return True
        if letters(text) != self._gold_letters and not self._gold_has_comment:
            return has_comment(text) and same_text(text) == self._gold_text
        return same_text(text) == self._gold_text

    def _run(self, session: Session, text: str) -> Rows:
        result = session.run(text, self._deadline())
        self._alarm(WORK_S)
        return result

    def _deadline(self) -> float:
        """When a query has to stop by itself; the alarm ends it a few ticks of the kernel later."""
        limit_s = self._limits.timeout_s
        self._alarm(limit_s)
        return time.thread_time() + limit_s - min(TICKS_S, limit_s / 2)

    def _on(self, candidates: Sequence[Candidate], text: str, comparison: Comparison) -> Outcome:
        deadline, outcome = self._deadline(), RIGHT
        for candidate in candidates:
            result = candidate.session.run(text, deadline)
            outcome = _compared(comparison, candidate.rows, result)
            if not outcome.equivalent:
                break
        self._alarm(WORK_S)
        return outcome

    def _counterexample(self, contents: Contents, text: str) -> Counterexample:
        def differ(smaller: Contents) -> bool:
            try:
                candidate = self._search.open(smaller)
            except ExampleError:
                return False  # the gold fails on these rows, such as by an overflow
            result = self._run(candidate.session, text)
            reason = _compared(Comparison(self._compare), candidate.rows, result)
            candidate.session.close()
            usable = candidate.certain or not self.suite.certain
            return usable and reason.runs and not reason.equivalent

        contents = forwards(self.case.blueprint.surviving(contents), differ)
        contents = shrunk(contents, self.case.blueprint, differ)
        last = self._search.open(contents, PATIENCE)
        result = self._run(last.session, text)
        last.session.close()
        return Counterexample(
            inserts=inserts(contents, self.case.schema),
            gold_rows=last.rows.rows,
            pred_rows=result.rows,
            reason=_compared(Comparison(self._compare), last.rows, result).reason
            + BACKWARDS * contents.reverse,
        )

    def _real_counts(self) -> bool:
        """Whether the real database has a say: it keeps its case, and it may leave the gold's own
        answer to chance."""
        if not self.example.database or self.example.quirks.casefold_text:
            return False
        session, rows = self._real = self._real or self._open_real()
        if self._real_is_certain is None:
            session.patience = PATIENCE
            self._real_is_certain = is_certain(self.case.gold, rows, session, self._compare)
            session.patience = 1.0
        return self._real_is_certain

    def _on_real(self, text: str, comparison: Comparison) -> Outcome:
        session, rows = self._real = self._real or self._open_real()
        return _compared(comparison, rows, self._run(session, text))

    def _open_real(self) -> tuple[Session, GoldRows]:
        assert self.example.database is not None, "the example has no database"
        session = open_file(self.example.database, self._limits)
        session.patience = PATIENCE
        rows = gold_rows(self.case.gold, session, self._compare)
        session.patience = 1.0
        if isinstance(rows, str):
            raise broken_gold(f"on {self.example.database}: {rows}")
        return session, rows


def _compared(comparison: Comparison, gold: GoldRows, result: Rows) -> Outcome:
    if result.error:
        return Outcome(False, False, result.error)
    reason = comparison.add(gold, result.rows, result.width)
    return Outcome(True, False, reason) if reason else RIGHT
