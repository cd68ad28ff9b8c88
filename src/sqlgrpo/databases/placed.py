"""Databases with the rows that decide a prediction's own expressions.

The rows are put where others were, so that keys and joins stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from sqlglot import exp

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.build import Blueprint
from sqlgrpo.databases.contents import Contents, Maker
from sqlgrpo.databases.flavours import Flavour
from sqlgrpo.databases.links import groups
from sqlgrpo.databases.probes import Probe, required
from sqlgrpo.databases.profile import Profile
from sqlgrpo.databases.sqlite import Row
from sqlgrpo.databases.trials import Trials
from sqlgrpo.parsers.schema import Schema, Table

ALONE = 6  # rows of a probe that also get a database with nothing else


def telling_contents(
    probes: Sequence[Probe],
    gold: exp.Expr,
    profile: Profile,
    blueprint: Blueprint,
    limits: LimitsConfig,
    rng: Random,
) -> Iterator[Contents]:
    """For each probe, its rows among others, and then one by one."""
    schema, casefold = blueprint.schema, blueprint.casefold
    maker = Maker(schema, profile, casefold=casefold, rows=12)
    many, one = (
        blueprint.surviving(maker.make(Flavour(rows=n, hit=1, null=null, orphan=0), rng))
        for n, null in ((12, 0.05), (1, 0.0))
    )
    links = Links(schema, profile)
    trials = Trials(schema=schema, conditions=profile.conditions, limits=limits, casefold=casefold)
    for probe in probes:
        table = schema.table(probe.table)
        if table is None:
            continue
        base = many.tables[schema.tables.index(table)]
        rows = trials.telling(probe, base, required(gold, schema, probe.table))
        if rows:
            yield placed(many, table, rows, probe.columns, links)
        for row in rows[:ALONE]:
            yield placed(one, table, [row], probe.columns, links)


def placed(
    contents: Contents, table: Table, rows: Sequence[Row], free: tuple[str, ...], links: Links
) -> Contents:
    """The contents with these rows in place of the first of the table.

    They keep the keys and joins of the rows that they replace, except for the ``free`` columns:
    where those are joined, the other tables follow.
    """
    number = [t.name.lower() for t in links.schema.tables].index(table.name.lower())
    old = list(contents.tables[number])
    tied = links.tied(table)
    moved: dict[tuple[int, object], object] = {}
    for index, row in enumerate(rows[: len(old)]):
        new = list(row)
        for position, column in enumerate(table.columns):
            name = column.name.lower()
            if name not in free and position in tied:
                new[position] = old[index][position]
            elif (group := links.group(table, name)) is not None:
                moved[group, old[index][position]] = new[position]
        old[index] = tuple(new)
    tables = [
        tuple(old) if i == number else tuple(links.followed(t, row, moved) for row in rows_of)
        for i, (t, rows_of) in enumerate(zip(links.schema.tables, contents.tables, strict=True))
    ]
    return replace(contents, tables=tuple(tables))


class Links:
    """Which columns of a schema are keys or are joined."""

    def __init__(self, schema: Schema, profile: Profile) -> None:
        self.schema = schema
        self._groups = groups(schema, profile)

    def group(self, table: Table, column: str) -> int | None:
        return self._groups.get((table.name.lower(), column))

    def tied(self, table: Table) -> set[int]:
        """The places of columns that are part of a key or joined."""
        keys = [table.primary_key, *table.uniques]
        names = {name.lower() for key in keys for name in key}
        lower = [column.name.lower() for column in table.columns]
        names |= {name for name in lower if self.group(table, name) is not None}
        return {index for index, name in enumerate(lower) if name in names}

    def followed(self, table: Table, row: Row, moved: dict[tuple[int, object], object]) -> Row:
        """The row with the joined values that were moved."""
        if not moved:
            return row
        found = [self.group(table, c.name.lower()) for c in table.columns]
        return tuple(
            value if group is None else moved.get((group, value), value)
            for group, value in zip(found, row, strict=True)
        )
