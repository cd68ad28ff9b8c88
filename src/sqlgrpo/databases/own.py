"""The databases made for one prediction that passed the suite, to find out what else it says."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, product
from random import Random

from sqlglot import exp

from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases.balance import Gap, balanced, read_gaps
from sqlgrpo.databases.blocks import block_contents, grouped_places
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.doubts import SOME_ROWS, Doubts, doubts, read
from sqlgrpo.databases.flavours import Flavour, sized, tiny
from sqlgrpo.databases.growth import copied, everything, free, keys, own_keys
from sqlgrpo.databases.placed import telling_contents
from sqlgrpo.databases.probes import Probe, read_probes
from sqlgrpo.databases.profile import Place, Profile
from sqlgrpo.databases.strangers import everywhere, strangers
from sqlgrpo.databases.suite import Candidate, Case, Search, Suite, profile_of
from sqlgrpo.databases.variants import variants
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.lexer import same_text
from sqlgrpo.parsers.reading import SqlSyntaxError
from sqlgrpo.parsers.reading import read as parsed

OPEN = 2  # predictions whose databases stay open
PATIENCE = 2.0  # times a query's own limit that making its databases may take
SOLVING = 0.5  # and that the changing of numbers may take
GROWN = 3  # sizes to which databases grow for one prediction, the largest
JUST = 8  # sizes of which there are databases at all


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one prediction is put to."""

    candidates: tuple[Candidate, ...] = ()
    untestable: str = ""
    """Why passing says too little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What one prediction says about data, beside what the gold says."""

    tree: exp.Expr
    profile: Profile
    found: Doubts
    probes: Sequence[Probe]
    gaps: Sequence[Gap]
    grouped: Sequence[Place]

    def purpose(self) -> str:
        """The same for predictions that are put to the same databases."""
        conditions = sorted(map(repr, self.profile.conditions.items()))
        marked = sorted(self.profile.joins), sorted(self.profile.measured), self.profile.counts
        return repr((conditions, marked, self.found, self.probes, self.grouped, self.gaps))


class Own:
    """The challenges to one example's predictions, of which the last few stay open."""

    def __init__(
        self,
        case: Case,
        suite: Suite,
        candidates: Sequence[Candidate],
        search: Search,
        limits: LimitsConfig,
        config: SuiteConfig,
    ) -> None:
        self._case, self._suite, self._search = case, suite, search
        self._limits, self._config = limits, config
        self._richest = _richest(candidates)
        self._gold = read(case.gold.tree, case.schema)
        self._open: OrderedDict[str, tuple[Candidate, ...]] = OrderedDict()

    def challenge(self, text: str) -> Challenge:
        """Databases for what this prediction says about data, beside what the gold says."""
        claims = self._claims(text)
        purpose = claims.purpose()
        if purpose not in self._open:
            while len(self._open) >= OPEN:
                _close(self._open.popitem(last=False)[1])
            self._open[purpose] = tuple(self._made(self._candidates(claims, purpose)))
        return Challenge(self._open[purpose], claims.found.untestable)

    def __len__(self) -> int:
        """How many databases are open."""
        return sum(map(len, self._open.values()))

    def close(self) -> None:
        for candidates in self._open.values():
            _close(candidates)
        self._open.clear()

    def _made(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        """As many as there is time for, of those that say something."""
        deadline = time.thread_time() + PATIENCE * self._limits.timeout_s
        for candidate in candidates:
            if candidate.certain or not self._suite.certain:
                yield candidate
            else:
                candidate.session.close()
            if time.thread_time() > deadline:
                return

    def _claims(self, text: str) -> Claims:
        schema, gold = self._case.schema, self._case.gold
        profile = profile_of(gold.tree, schema)
        tree = _tree(text) or gold.tree  # what nobody reads has its constants: strangers
        found = doubts(self._gold, read(tree, schema))
        found.into(profile.read(tree, schema, guest=True))
        odd = strangers(text, gold.sql, profile, schema)
        return Claims(
            tree=tree,
            profile=everywhere(odd, text, profile, schema) if odd else profile,
            found=found,
            probes=read_probes(tree, gold.tree, schema),
            gaps=read_gaps(tree, gold.tree, schema),
            grouped=sorted(grouped_places(tree, schema)) if found.groups else [],
        )

    def _candidates(self, claims: Claims, purpose: str) -> Iterator[Candidate]:
        profile, found, schema = claims.profile, claims.found, self._case.schema
        more, count = [*tiny(), *_just(found.sizes)], self._config.own_databases
        changed = (variants(base, schema, profile, found) for base in self._richest)
        yield from self._opened(chain(self._placed(claims, purpose), *changed))
        yield from self._search.candidates(count, profile, purpose, more)
        yield from self._opened(
            chain(self._just_grown(profile, found), self._grown(profile, found))
        )

    def _opened(self, made: Iterator[Contents]) -> Iterator[Candidate]:
        for contents in made:
            try:
                yield self._search.open(contents)
            except ExampleError:
                continue  # the gold fails on these rows, or returns more than a query may

    def _placed(self, claims: Claims, purpose: str) -> Iterator[Contents]:
        """Where a prediction's own expressions turn."""
        gold, plan, profile = self._case.gold.tree, self._case.blueprint, claims.profile
        rng = Random(f"{self._config.seed} {purpose} {self._case.key}")
        yield from telling_contents(claims.probes, gold, profile, plan, self._limits, rng)
        yield from block_contents(claims.tree, gold, set(claims.found.groups), profile, plan)
        yield from self._balanced(claims.gaps)

    def _balanced(self, gaps: Sequence[Gap]) -> Iterator[Contents]:
        deadline = time.thread_time() + SOLVING * self._limits.timeout_s
        for gap, base in product(gaps, self._richest):
            yield from balanced(gap, base, self._case.blueprint, self._limits, deadline)

    def _grown(self, profile: Profile, found: Doubts) -> Iterator[Contents]:
        """Copies over copies of those databases of the suite that have most to show."""
        sizes = [n for n in found.sizes if n > self._config.rows][-GROWN:]
        if found.counts or sizes:
            sizes.append(SOME_ROWS)
        schema = self._case.schema
        moved = [make(schema, profile) for make in (keys, free, everything)] if sizes else []
        for size in dict.fromkeys(sizes):
            for number, base in enumerate(self._richest):
                least = min(len(rows) for rows in base.tables if rows)
                times = math.ceil((size + 1) / least) * 3
                most = {table.name.lower(): 4 * size + SOME_ROWS for table in schema.tables}
                for places in moved[: 1 if number else None]:
                    yield copied(base, schema, places, times, most)

    def _just_grown(self, profile: Profile, found: Doubts) -> Iterator[Contents]:
        """Copies with just so many rows in one table, in which the gold returns something."""
        schema = self._case.schema
        moved = keys(schema, profile)
        tables = [table for table in schema.tables if table.name.lower() in found.tables]
        for size, table, base in product(found.sizes[-JUST:], tables, self._richest):
            just = {table.name.lower(): size}
            times = size // min(len(rows) for rows in base.tables if rows) + 1
            most = {t.name.lower(): 2 * size + SOME_ROWS for t in schema.tables} | just
            yield copied(base, schema, moved, times, most)
            counts = (len(rows) for rows in base.tables)
            still = dict(zip((t.name.lower() for t in schema.tables), counts, strict=True))
            yield copied(base, schema, own_keys(table), times, still | just)


def _tree(text: str) -> exp.Expr | None:
    """The query, also where SQLite reads what sqlglot does not: a comment without an end."""
    for readable in (text, same_text(text)):
        with suppress(SqlSyntaxError):
            return parsed(readable).copy()
    return None


def _richest(candidates: Sequence[Candidate]) -> list[Contents]:
    """Two databases with as few empty tables and as many of the gold's rows as there are."""

    def riches(candidate: Candidate) -> tuple[int, ...]:
        counts = [len(rows) for rows in candidate.contents.tables]
        return sum(map(bool, counts)), len(candidate.rows.rows), sum(counts)

    filled = [c for c in candidates if any(c.contents.tables)]
    return [c.contents for c in sorted(filled, key=riches, reverse=True)[:2]]


def _just(sizes: tuple[int, ...]) -> list[Flavour]:
    """Just so many rows, for a prediction that holds on any other number of them."""
    several = [flavour for size in sizes[-JUST:-GROWN] for flavour in sized(size, ((0, 4),))]
    for size in sizes[-GROWN:]:
        several += sized(size, ((0, 0), (0, 4), (0, 1), (1, 1)))
        several.append(Flavour(rows=4 * size + 3, hit=0.7, null=0.6, spread=1, orphan=0.1))
    return several


def _close(candidates: Sequence[Candidate]) -> None:
    for candidate in candidates:
        candidate.session.close()
