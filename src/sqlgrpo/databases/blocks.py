"""Databases whose groups have exactly as many rows as a query counts, one more and one less.

``HAVING COUNT(*) > 30`` and ``>= 30`` differ only where some group has 30 rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from sqlgrpo.databases.build import Blueprint
from sqlgrpo.databases.contents import Contents, Maker
from sqlgrpo.databases.draws import NUMERIC
from sqlgrpo.databases.links import groups, parents_first
from sqlgrpo.databases.profile import Place, Places, Profile
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.parsers.schema import Column, ForeignKey, Schema, Table


def grouped_places(query: exp.Expr, schema: Schema) -> frozenset[Place]:
    """The columns that a query groups by."""
    places = Places(query, schema)
    columns = [c for group in query.find_all(exp.Group) for c in group.find_all(exp.Column)]
    return frozenset(place for column in columns if (place := places.of(column)))


def block_contents(
    query: exp.Expr, gold: exp.Expr, sizes: set[int], profile: Profile, blueprint: Blueprint
) -> Iterator[Contents]:
    """A database for each size that a prediction counts up to, if it groups at all."""
    schema = blueprint.schema
    grouped = grouped_places(query, schema) | grouped_places(gold, schema) if sizes else None
    if grouped:
        maker = Maker(schema, profile, casefold=blueprint.casefold, rows=1)
        for size in sorted(sizes):
            sides = (size, size + 1, size - 1)
            for steady in (False, True):
                yield Blocks(sides, grouped, maker, schema, profile, steady=steady).contents()


@dataclass(frozen=True, slots=True)
class Spot:
    """A row's place in its table, its block, and its place in the block."""

    row: int
    block: int
    within: int


class Blocks:
    """Fills every table so that joining them gives each group the rows of its block."""

    def __init__(
        self,
        sizes: tuple[int, ...],
        grouped: frozenset[Place],
        maker: Maker,
        schema: Schema,
        profile: Profile,
        *,
        steady: bool,
    ) -> None:
        """``steady`` gives every row of a block one value that meets the conditions on its column;
        otherwise values vary, and those that only the prediction speaks of may leave a row out."""
        self._steady = steady
        self._sizes = sizes
        self._grouped = grouped
        self._maker = maker
        self._schema = schema
        self._used = profile.tables
        self._groups = groups(schema, profile)
        self._few = {t.name.lower() for t in schema.tables if self._is_few(t)}
        few = self._few & self._used
        self._by_block = {n for (table, _), n in self._groups.items() if table in few}
        self._made: dict[str, list[Row]] = {}

    def contents(self) -> Contents:
        for table in parents_first(self._schema):
            name = table.name.lower()
            self._made[name] = [self._row(table, spot) for spot in self._spots(name)]
        return Contents(tuple(tuple(self._made[t.name.lower()]) for t in self._schema.tables))

    def _spots(self, name: str) -> list[Spot]:
        sizes = [1] * len(self._sizes) if name in self._few else self._sizes
        places = [(block, n) for block, size in enumerate(sizes) for n in range(size)]
        return [Spot(row, block, within) for row, (block, within) in enumerate(places)]

    def _is_few(self, table: Table) -> bool:
        """Whether a table has one row for each group, and others have the rows of the group."""
        name = table.name.lower()
        children = [
            {(other.name.lower(), column.lower()) for column in key.columns}
            for other in self._schema.tables
            for key in other.foreign_keys
            if key.table.lower() == name and other is not table
        ]
        if any(columns & self._grouped for columns in children):
            return True
        if name not in self._used:
            return not any(place[0] in self._used for columns in children for place in columns)
        refers = any(self._refers(table, key) for key in table.foreign_keys)
        return self._is_joined(name) and not refers and any(t == name for t, _ in self._grouped)

    def _is_joined(self, name: str) -> bool:
        """With another table that a query reads."""
        own = {number for (table, _), number in self._groups.items() if table == name}
        others = self._used - {name}
        return any(t in others and number in own for (t, _), number in self._groups.items())

    def _refers(self, table: Table, key: ForeignKey) -> bool:
        parent = key.table.lower()
        return parent in self._used and parent != table.name.lower()

    def _row(self, table: Table, spot: Spot) -> Row:
        values = {c.name.lower(): self._value(table, c, spot) for c in table.columns}
        for key in table.foreign_keys:
            parent = self._schema.table(key.table)
            rows = self._made.get(key.table.lower()) if parent else None
            if parent is None or not rows:
                continue
            target = rows[
                (spot.block if parent.name.lower() in self._few else spot.row) % len(rows)
            ]
            names = [column.name.lower() for column in parent.columns]
            for own, other in zip(key.columns, key.references or parent.primary_key, strict=False):
                if own.lower() in values and other.lower() in names:
                    values[own.lower()] = target[names.index(other.lower())]
        return tuple(values.values())

    def _value(self, table: Table, column: Column, spot: Spot) -> object:
        place = (table.name.lower(), column.name.lower())
        every = [[name.lower() for name in key] for key in (table.primary_key, *table.uniques)]
        unique = [place[1]] in every
        joined = self._groups.get(place)
        pool = self._maker.choice(table, column)
        if joined is not None:
            few = joined in self._by_block and not unique
            return self._key(column, joined, spot.block if few else spot.row)
        if unique or (place not in self._grouped and any(place[1] in key for key in every)):
            return spot.row + 1 if column.affinity in NUMERIC else f"k{spot.row + 1}"
        if place in self._grouped:
            values = (*pool.hits, *pool.plain) if len(pool.hits) < 3 else pool.hits
            return values[spot.block % len(values)]
        if pool.hits:
            return pool.hits[0 if self._steady else spot.within % len(pool.hits)]
        if column.affinity == "integer" and not table.checks:
            return spot.within + 1
        if column.affinity == "text" and not table.checks:
            return f"v{spot.within}"
        return pool.plain[spot.within % len(pool.plain)]

    def _key(self, column: Column, joined: int, number: int) -> object:
        if column.affinity in NUMERIC:
            return number + 1
        members = [self._schema.column(*p) for p, n in self._groups.items() if n == joined]
        numeric = any(c is not None and c.affinity in NUMERIC for c in members)
        return str(number + 1) if numeric else f"k{number + 1}"
