"""Rows for every table of a schema, aimed at the queries that will run on them.

Each database has a flavour: how many rows, how often a condition is met, how many NULLs and how
few distinct values. Constraints are kept twice over: what is made here is meant to satisfy them,
and ``build`` lets SQLite drop every row that does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from random import Random

from sqlgrpo.databases.draws import NUMERIC, distinct_values, values_for
from sqlgrpo.databases.flavours import Flavour
from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.links import groups, parents_first
from sqlgrpo.databases.moments import MOMENTS
from sqlgrpo.databases.profile import Place, Profile
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.databases.values import Pool, allowed, pool
from sqlgrpo.parsers.schema import Column, ForeignKey, Schema, Table

WALKED = 72  # most rows of a walk, however many values are near
SUMS = (3, 5, 4, 8, 6, 12, 7, 10, 20)  # what a few small numbers add up to


@dataclass(frozen=True, slots=True)
class Contents:
    """The rows of one database, table by table in the order of the schema."""

    tables: tuple[tuple[Row, ...], ...]
    reverse: bool = False
    """Unordered rows come out backwards, so that leaning on their order shows."""


class Maker:
    """Makes contents for one schema and the queries in one profile."""

    def __init__(self, schema: Schema, profile: Profile, *, casefold: bool, rows: int) -> None:
        self._schema = schema
        self._profile = profile
        self._rows = rows
        self._groups = groups(schema, profile)
        self._pools: dict[Place, Pool] = {}
        for table in schema.tables:
            for column in table.columns:
                place = (table.name.lower(), column.name.lower())
                conditions = profile.conditions.get(place, [])
                found = pool(column, conditions, casefold=casefold)
                found = allowed(found, table, column, casefold=casefold)
                self._pools[place] = self._fitted(found, place)
        self._shared = {group: self._shared_pool(group) for group in set(self._groups.values())}

    def _fitted(self, found: Pool, place: Place) -> Pool:
        profile = self._profile
        if place not in profile.sums:
            return replace(found, wide=place in profile.measured)
        near = SUMS if all(isinstance(v, (int, float)) for v in found.plain) else ()
        plain = tuple(dict.fromkeys((*near, *found.plain)))
        return replace(found, plain=plain, wide=True, few=6)

    @property
    def rows(self) -> int:
        """Rows that a table needs before the largest small number in the queries matters."""
        return max([self._rows, *(count + 3 for count in self._profile.counts)])

    def make(self, flavour: Flavour, rng: Random) -> Contents:
        made: dict[str, list[Row]] = {}
        for table in parents_first(self._schema):
            made[table.name.lower()] = self._table(table, flavour, rng, made)
        rows = tuple(tuple(made[t.name.lower()]) for t in self._schema.tables)
        return Contents(rows, reverse=rng.random() < 0.5)

    def _table(
        self, table: Table, flavour: Flavour, rng: Random, made: dict[str, list[Row]]
    ) -> list[Row]:
        count = flavour.rows
        if table.name.lower() not in self._profile.tables:
            count = min(count, 5)
        if not count or (flavour.empty and rng.random() < flavour.empty):
            return []
        steps = self._steps(table, odd=flavour.odd) if flavour.walk else []
        aims = self._aims(table, count + len(steps), flavour.hit, rng)
        unique = {key[0].lower() for key in (table.primary_key, *table.uniques) if len(key) == 1}
        columns = []
        for number, column in enumerate(table.columns):
            choice = self.choice(table, column)
            if column.name.lower() in unique:
                values = distinct_values(choice, column, len(aims), flavour, rng)
            else:
                hits = [aim is not None and aim != number for aim in aims]
                values = values_for(choice, column, hits, flavour, rng)
                _put(values, steps, number)
            columns.append(values)
        rows = [list(row) for row in zip(*columns, strict=True)]
        for key in table.foreign_keys:
            self._point(table, key, rows, flavour, rng, made)
        if not flavour.exact:
            _repeat(rows, rng)
        return [tuple(row) for row in rows]

    def _steps(self, table: Table, *, odd: bool) -> list[tuple[int, object]]:
        """Every value near a condition, with the number of its column, in turns; NULL as well."""
        walks = []
        for number, column in enumerate(table.columns):
            if self._profile.conditions.get((table.name.lower(), column.name.lower())):
                choice = self.choice(table, column)
                missing = () if column.not_null else (None,)
                values = (*missing, *(choice.odd if odd else ()), *choice.near)
                walks.append([(number, value) for value in values])
        turns = chain.from_iterable(zip_longest(*walks))
        return list(islice((step for step in turns if step), 2 * WALKED if odd else WALKED))

    def _aims(self, table: Table, count: int, hit: float, rng: Random) -> list[int | None]:
        """For each row the one column whose condition it misses: -1 for none, ``None`` for any."""
        name = table.name.lower()
        tested = [
            number
            for number, column in enumerate(table.columns)
            if self._profile.conditions.get((name, column.name.lower()))
        ]
        aims: list[int | None] = []
        for _ in range(count):
            draw = rng.random()
            if draw < hit:
                aims.append(-1)
            elif tested and draw < hit + 0.7 * (1 - hit):
                aims.append(rng.choice(tested))
            else:
                aims.append(None)
        return aims

    def choice(self, table: Table, column: Column) -> Pool:
        """The values that a column is filled from."""
        place = (table.name.lower(), column.name.lower())
        group = self._groups.get(place)
        if group is None or kind(column, []) in (*MOMENTS, "boolean"):
            return self._pools[place]
        return self._shared[group][0 if column.affinity in NUMERIC else 1]

    def _point(
        self,
        table: Table,
        key: ForeignKey,
        rows: list[list[object]],
        flavour: Flavour,
        rng: Random,
        made: dict[str, list[Row]],
    ) -> None:
        """Make foreign keys refer to rows that exist (an orphan here only becomes NULL)."""
        parent = self._schema.table(key.table)
        if parent is None:
            return
        targets = made.get(parent.name.lower())
        if parent.name.lower() == table.name.lower():
            targets = [tuple(row) for row in rows]
        if targets is None:
            return  # a cycle: shared pools make the values meet
        names = [c.name.lower() for c in parent.columns]
        wanted = [name.lower() for name in key.references or parent.primary_key]
        own = [[c.name.lower() for c in table.columns].index(name.lower()) for name in key.columns]
        if len(wanted) != len(own) or any(name not in names for name in wanted):
            return
        there = [names.index(name) for name in wanted]
        nullable = all(not table.columns[i].not_null for i in own)
        for row in rows:
            if any(row[i] is None for i in own):
                continue
            if not targets or (nullable and rng.random() < flavour.orphan / 2):
                values: list[object] = [None] * len(own) if nullable else [row[i] for i in own]
            else:
                few = min(len(targets), 3) if flavour.narrow else len(targets)
                target = targets[rng.randrange(few)]
                values = [target[i] for i in there]
            for i, value in zip(own, values, strict=True):
                row[i] = value

    def _shared_pool(self, group: int) -> tuple[Pool, ...]:
        """Values for columns that are joined: as numbers, and as text."""
        members = [place for place, number in self._groups.items() if number == group]
        columns = [(p, self._schema.column(*p)) for p in members]
        numeric = any(c is not None and c.affinity in NUMERIC for _, c in columns)
        near = tuple(dict.fromkeys(v for p in members for v in self._pools[p].near))
        hits = tuple(dict.fromkeys(v for p in members for v in self._pools[p].hits))
        count = max(4, self._rows * 2 // 3)
        numbers = tuple(range(1, count + 1))
        texts = tuple(str(n) if numeric else f"k{n}" for n in numbers)
        as_number = Pool(_only_numbers(hits), _only_numbers(near), numbers, wide=True, few=count)
        hits, near = tuple(map(_text, hits)), tuple(map(_text, near))
        as_text = Pool(hits, near, texts, wide=True, few=count, kind="text")
        return as_number, as_text


def _repeat(rows: list[list[object]], rng: Random) -> None:
    """Repeat some rows but for one value, or whole (which a key, if there is one, undoes)."""
    for _ in range(len(rows) // 4):
        here, there = rng.randrange(len(rows)), rng.randrange(len(rows))
        copy = list(rows[here])
        if rng.random() < 0.6:
            column = rng.randrange(len(copy))
            copy[column] = rows[there][column]
        rows.append(copy)


def _put(values: list[object], steps: list[tuple[int, object]], number: int) -> None:
    """Write the steps of one column over the first rows' values."""
    for row, (column, value) in enumerate(steps):
        if column == number:
            values[row] = value


def _only_numbers(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(v for v in values if isinstance(v, (int, float)))


def _text(value: object) -> object:
    return value if isinstance(value, str) else str(value)
