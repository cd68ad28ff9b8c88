"""The databases made for one example, chosen because they tell its gold from its mutants."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from sqlglot import exp

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.build import Blueprint, blueprint
from sqlgrpo.databases.compare import GoldRows
from sqlgrpo.databases.contents import Contents, Maker
from sqlgrpo.databases.doubts import MOST_ROWS
from sqlgrpo.databases.doubts import read as doubts
from sqlgrpo.databases.flavours import Flavour, flavours, large, random_flavour, searching
from sqlgrpo.databases.gold import Gold, gold_rows, is_certain, read_gold, same_answer
from sqlgrpo.databases.kinds import inferred, unknown_types
from sqlgrpo.databases.mutants import mutants
from sqlgrpo.databases.profile import Profile
from sqlgrpo.databases.sqlite import Session
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.reading import SqlSyntaxError, read
from sqlgrpo.parsers.schema import Schema, parse_schema
from sqlgrpo.types import Example

PATIENCE = 5.0  # times a query's limit that the search may take, and again the choice
SMALL = 8  # sizes of groups that come about by chance
VERSION = 6
"""Part of every cache key; goes up whenever a suite would come out differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Databases that tell the gold from its mutants, and how well they do."""

    contents: tuple[Contents, ...]
    """The most lethal first."""
    mutants: int = 0
    killed: int = 0
    survivors: tuple[str, ...] = ()
    """Mutants that no database tells from the gold: most mean the same."""
    gold_returns_rows: bool = True
    gold_varies: bool = True
    """Whether the gold gives different answers on different databases; if not, a query that
    reads no data could pass."""
    certain: bool = True
    """Whether SQL leaves no choice in the gold's answer on these databases (see ``gold``)."""
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Share of the mutants that are killed."""
        return self.killed / self.mutants if self.mutants else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An example, read: what every use of it needs."""

    key: str
    gold: Gold
    schema: Schema
    """With the types and keys that the example's quirks infer."""
    profile: Profile
    blueprint: Blueprint


@dataclass(slots=True)
class Candidate:
    """An open database on which the gold's answer is known."""

    contents: Contents
    session: Session
    rows: GoldRows
    certain: bool


def key_of(example: Example, config: SuiteConfig) -> str:
    """Names everything that a suite depends on."""
    parts = (VERSION, example.schema, example.gold_sql, example.dialect, example.quirks)
    made = (config.databases, config.rows, config.candidates, config.seed)
    return hashlib.sha256(repr((parts, made)).encode("utf-8", "surrogatepass")).hexdigest()


def read_case(example: Example, config: SuiteConfig) -> Case:
    """Read schema and gold; ``ExampleError`` when either is broken."""
    declared = parse_schema(example.schema, example.dialect)
    gold = read_gold(example, declared)
    profile = profile_of(gold.tree, declared)
    schema = inferred(declared, profile, example.quirks)
    return Case(
        key=key_of(example, config),
        gold=gold,
        schema=schema,
        profile=profile,
        blueprint=blueprint(schema, example.quirks),
    )


def profile_of(tree: exp.Query, schema: Schema) -> Profile:
    """What a query and the schema's own CHECKs say about data; one that cannot be read says
    nothing."""
    profile = Profile()
    for table in schema.tables:
        name = exp.to_identifier(table.name, quoted=True).sql("sqlite")
        for check in table.checks:
            with suppress(SqlSyntaxError):
                profile.read(read(f"SELECT 1 FROM {name} WHERE {check}"), schema)
    return profile.read(tree, schema)


class Search:
    """Looks for databases that tell a case's gold from other queries."""

    def __init__(
        self, case: Case, compare: CompareConfig, limits: LimitsConfig, config: SuiteConfig
    ) -> None:
        self._case = case
        self._compare = compare
        self._limits = limits
        self._config = config
        self._deadline = 0.0

    def suite(self) -> Suite:
        """The smallest set found that kills every mutant that any candidate kills."""
        case = self._case
        self.open(self._nothing()).session.close()  # a gold that always fails is told at once
        mutated = mutants(case.gold.tree, case.schema, casefold=case.blueprint.casefold)
        alive = running = self._running(list(mutated))
        kept: list[Candidate] = []
        uncertain: list[Candidate] = []
        fruitless = 0
        self._begin()
        for number, candidate in enumerate(self.candidates(3 * self._config.candidates)):
            killed: set[str] = set()
            if candidate.certain:
                killed = self._killed(candidate, alive)
                alive = [sql for sql in alive if sql not in killed]
                fruitless = 0 if killed else fruitless + 1
            useful = kept if candidate.certain else uncertain
            if killed or len(useful) < self._config.databases:
                useful.append(candidate)
            else:
                candidate.session.close()
            if self._late() or self._enough(number + 1, len(kept), alive, fruitless):
                break
        if not kept and not uncertain:
            raise ExampleError("gold fails on every database", kind="gold_fails")
        certain = len({_answer(c) for c in kept}) > 1 or not uncertain
        self._begin()
        chosen, killed = self._cover(kept if certain else kept + uncertain, running)
        suite = self._describe(chosen, running, killed, certain=certain)
        for candidate in kept + uncertain:
            candidate.session.close()
        return suite

    def _begin(self) -> None:
        self._deadline = time.thread_time() + PATIENCE * self._limits.timeout_s

    def _late(self) -> bool:
        return time.thread_time() > self._deadline

    def _killed(self, candidate: Candidate, mutated: Sequence[str]) -> set[str]:
        """Those that a database tells from the gold, as far as there is time to look."""
        return {sql for sql in mutated if not self._late() and self.differs(candidate, sql)}

    def _enough(self, tried: int, kept: int, alive: list[str], fruitless: int) -> bool:
        if not alive:
            return kept >= self._config.databases
        return tried >= self._config.candidates and fruitless >= self._config.candidates // 2

    def _cover(self, kept: list[Candidate], running: list[str]) -> tuple[list[Candidate], set[str]]:
        """The databases that kill most, each counted for what those before it leave alive."""
        kills = {id(c): self._killed(c, running) for c in kept}
        chosen: list[Candidate] = []
        killed: set[str] = set()
        while kept and len(chosen) < self._config.databases:
            best = max(kept, key=lambda c: (len(kills[id(c)] - killed), bool(c.rows.rows)))
            kept = [c for c in kept if c is not best]
            chosen.append(best)
            killed |= kills[id(best)]
        return chosen, killed

    def _describe(
        self, chosen: list[Candidate], running: list[str], killed: set[str], *, certain: bool
    ) -> Suite:
        answers = {_answer(c) for c in chosen}
        return Suite(
            contents=tuple(self._case.blueprint.surviving(c.contents) for c in chosen),
            mutants=len(running),
            killed=len(killed),
            survivors=tuple(sql for sql in running if sql not in killed),
            gold_returns_rows=any(c.rows.rows for c in chosen),
            gold_varies=len(answers) > 1,
            certain=certain,
            notes=(*self._case.blueprint.notes, *unknown_types(self._case.schema)),
        )

    def _running(self, mutated: list[str]) -> list[str]:
        """Those that SQLite accepts; a mutant that cannot run tests nothing."""
        empty = self._case.blueprint.open(self._nothing(), self._limits)
        running = [sql for sql in mutated if not empty.run(sql).error]
        empty.close()
        return running

    def _nothing(self) -> Contents:
        return Contents(tuple(() for _ in self._case.schema.tables))

    def candidates(
        self,
        count: int,
        profile: Profile | None = None,
        purpose: str = "",
        more: Sequence[Flavour] = (),
    ) -> Iterator[Candidate]:
        """Open databases, one after the other, each with the gold's answer.

        With a ``purpose``, the empty database that every suite begins with is left out, and
        ``more`` flavours come after the count.
        """
        profile = profile or self._case.profile
        rng = Random(f"{self._config.seed} {purpose} {self._case.key}")
        casefold = self._case.blueprint.casefold
        maker = Maker(self._case.schema, profile, casefold=casefold, rows=self._config.rows)
        plan = (searching if purpose else flavours)(maker.rows)[:count]
        plan += [random_flavour(maker.rows, rng) for _ in range(count - len(plan))]
        if not purpose:
            plan[2:2] = self._large()
        failed = 0
        for number, flavour in enumerate([*plan, *more]):
            try:
                yield self.open(maker.make(flavour, rng))
            except ExampleError as error:
                failed += 1  # such as an overflow: the fault of these rows if it is rare
                if not purpose and (not number or "not auth" in str(error) or failed > number // 2):
                    raise

    def _large(self) -> list[Flavour]:
        """Databases for numbers of rows that do not come about by chance."""
        sizes = doubts(self._case.gold.tree, self._case.schema).sizes
        wanted = [size for size in sorted(sizes) if SMALL < size <= MOST_ROWS]
        return [flavour for size in wanted[-2:] for flavour in large(size)]

    def open(self, contents: Contents, patience: float = 1.0) -> Candidate:
        """The database with these contents; ``ExampleError`` if the gold fails on it.

        The gold may take ``patience`` times as long as a prediction.
        """
        try:
            session = self._case.blueprint.open(contents, self._limits)
        except sqlite3.Error as error:
            raise ExampleError(f"cannot fill the schema: {error}", kind="no_contents") from error
        session.patience = patience
        rows = gold_rows(self._case.gold, session, self._compare)
        if isinstance(rows, str):
            session.close()
            raise broken_gold(rows)
        certain = is_certain(self._case.gold, rows, session, self._compare)
        session.patience = 1.0
        return Candidate(contents, session, rows, certain)

    def differs(self, candidate: Candidate, sql: str) -> bool:
        """Whether a query gives something else than the gold on this database."""
        return not same_answer(candidate.rows, candidate.session.run(sql), self._compare)


def _answer(candidate: Candidate) -> str:
    return repr(sorted(map(repr, candidate.rows.rows)))


def broken_gold(error: str) -> ExampleError:
    """The error of a gold that does not run, with the class that the audit counts by."""
    kinds = {
        "no such column": "missing_column",
        "no such table": "missing_table",
        "timed out": "gold_timeout",
        "starts with": "gold_not_select",
    }
    kind = next((kind for words, kind in kinds.items() if words in error), "gold_fails")
    return ExampleError(f"gold fails: {error}", kind=kind)
