"""Databases on which the two sides of a comparison meet.

``(SELECT SUM(paid) FROM sale) <> (SELECT SUM(price) FROM item) + 5`` holds on all data but some.
How far the sides are apart tells by how much to change a number: the branch distance of
search-based testing (Korel, "Automated software test data generation", 1990; for SQL, Castelein et
al., "Search-based test data generation for SQL queries", ICSE 2018).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, product

from sqlglot import exp

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.build import Blueprint
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.profile import Place, Places
from sqlgrpo.databases.variants import LARGEST, changed, is_number, position, shifted, with_rows
from sqlgrpo.parsers.schema import Column, Schema

MOST = 4  # comparisons of one prediction that are followed
COLUMNS = 4  # columns that are changed for one comparison
DISTANCES = 3  # that are tried where a comparison is made of many rows
TRIES = 150  # databases that are looked at for one comparison
MODULI = (100, 10)  # that make the numbers beside a changed one small, and leave them odd or even
OPAQUE = (exp.AggFunc, exp.Query, exp.Window)
EQUALITY = (exp.EQ, exp.NEQ)
COMPARED = (*EQUALITY, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between)


@dataclass(frozen=True, slots=True)
class Gap:
    """A comparison of a query."""

    test: str
    sides: str
    """The query for its two sides."""
    columns: tuple[Place, ...]
    """The numbers that it rests on."""
    aims: tuple[int, ...]
    """The differences of its sides on which it may turn."""


def read_gaps(query: exp.Expr, gold: exp.Expr, schema: Schema) -> tuple[Gap, ...]:
    """The first comparisons that the gold does not have and that no one or two columns decide.

    Only those are read: for each the query is copied, and a hostile one has hundreds.
    """
    known = {gap.test for gap in _gaps(gold, schema)}
    fresh = (gap for gap in _gaps(query, schema) if gap.test not in known)
    return tuple(dict.fromkeys(islice(fresh, MOST)))


def balanced(
    gap: Gap, contents: Contents, blueprint: Blueprint, limits: LimitsConfig, deadline: float
) -> Iterator[Contents]:
    """The contents with numbers changed so that the sides are apart by what it may turn on.

    Nothing is looked for after the ``deadline`` (on ``time.thread_time``).
    """
    search = _Search(gap, blueprint, limits, deadline)
    for aim, place in product(gap.aims, gap.columns):
        yield from search.solved(contents, place, aim)


@dataclass(slots=True)
class _Search:
    """Changes one number, or all numbers of a column, until two sides are so far apart."""

    gap: Gap
    blueprint: Blueprint
    limits: LimitsConfig
    deadline: float
    tries: int = 0

    def solved(self, contents: Contents, place: Place, aim: int) -> Iterator[Contents]:
        """At most one for each number that is changed."""
        count = len(contents.tables[position(self.blueprint.schema, place)[0]])
        for row in dict.fromkeys((0, count - 1, None)) if count else ():
            for modulus in (None, *MODULI):
                base = contents
                if modulus:
                    schema = self.blueprint.schema
                    base = changed(contents, schema, {place}, partial(_modulo, modulus))
                if found := self._solved(base, place, row, aim):
                    yield found
                    break

    def _solved(self, base: Contents, place: Place, row: int | None, aim: int) -> Contents | None:
        """With one number changed, or all when there is no ``row``."""
        before = self._distances(base)
        far = sorted({aim - distance for distance in before}, key=abs)[:DISTANCES]
        steps = [sign * step for step in far if step for sign in (1, -1)]
        for step in steps:
            moved = self._moved(base, place, row, step)
            after = self._distances(moved)
            if after == before:
                return None
            if aim in after:
                return moved
            if len(before) == len(after) == 1:
                more = step * (aim - before[0]) / (after[0] - before[0])
                moved = self._moved(base, place, row, more)
                if aim in self._distances(moved):
                    return moved
        return None

    def _moved(self, base: Contents, place: Place, row: int | None, step: float) -> Contents:
        schema = self.blueprint.schema
        step = int(step) if step == step // 1 else step
        if row is None:
            return changed(base, schema, {place}, partial(shifted, step))
        table, at = position(schema, place)
        rows = base.tables[table]
        column = schema.tables[table].columns[at]
        new = (*rows[row][:at], shifted(step, column, rows[row][at]), *rows[row][at + 1 :])
        return with_rows(base, table, (*rows[:row], new, *rows[row + 1 :]))

    def _distances(self, contents: Contents) -> list[float]:
        """How far apart the sides are, wherever both are numbers; nothing when it is too late."""
        self.tries += 1
        if self.tries > TRIES or time.thread_time() > self.deadline:
            return []
        try:
            session = self.blueprint.open(contents, self.limits)
        except sqlite3.Error:
            return []
        rows = session.run(self.gap.sides, self.deadline).rows
        session.close()
        apart = [left - right for left, right in rows if is_number(left) and is_number(right)]
        return [distance for distance in apart if abs(distance) < LARGEST]


def _gaps(query: exp.Expr, schema: Schema) -> Iterator[Gap]:
    places = Places(query, schema)
    for number, node in enumerate(query.find_all(*COMPARED)):
        columns = list(node.find_all(exp.Column))
        read = [places.of(column) for column in columns]
        tables = {place[0] for place in read if place}
        few = None not in read and len(tables) < 2 and len({*read}) < 3
        select = node.find_ancestor(exp.Select)
        if select is None or (few and not node.find(*OPAQUE)):
            continue  # ``trials`` finds the rows that decide it
        around = map(places.of, select.find_all(exp.Column))
        numbers = [p for p in dict.fromkeys((*read, *around)) if p and _is_numeric(schema, p)]
        for pair in range(len(_pairs(node)) if numbers else 0):
            sides = _sides(query, number, pair)
            aims = (0,) if isinstance(node, EQUALITY) else (0, 1, -1)
            yield Gap(node.sql("sqlite", comments=False), sides, tuple(numbers[:COLUMNS]), aims)


def _pairs(node: exp.Expr) -> list[tuple[exp.Expr, exp.Expr]]:
    if isinstance(node, exp.Between):
        return [(node.this, node.args["low"]), (node.this, node.args["high"])]
    return [(node.this, node.expression)]


def _is_numeric(schema: Schema, place: Place) -> bool:
    column = schema.column(*place)
    return column is not None and kind(column, []) in ("integer", "number")


def _sides(query: exp.Expr, number: int, pair: int) -> str:
    """The SELECT around a comparison with its two sides for output, and without itself."""
    copy = query.copy()
    node = list(copy.find_all(*COMPARED))[number]
    sides = [side.copy() for side in _pairs(node)[pair]]
    select = node.find_ancestor(exp.Select)
    assert select is not None, "a comparison outside of a SELECT"
    while isinstance(node.parent, (exp.Not, exp.Paren)):
        node = node.parent
    node.replace(exp.true())
    select.set("expressions", sides)
    for part in ("distinct", "order", "limit", "offset"):
        select.set(part, None)
    if select is not copy and copy.args.get("with_"):
        select.set("with_", copy.args["with_"].copy())
    return select.sql("sqlite", comments=False)


def _modulo(modulus: int, _column: Column, value: object) -> object:
    return value % modulus if is_number(value) else value
