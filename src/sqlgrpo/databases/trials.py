"""Rows that decide a probe, found by evaluating it on many values of its columns."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from sqlgrpo.config import LimitsConfig
from sqlgrpo.databases.build import TYPES, quoted
from sqlgrpo.databases.functions import fold_case
from sqlgrpo.databases.kinds import kind
from sqlgrpo.databases.probes import Probe
from sqlgrpo.databases.profile import Condition
from sqlgrpo.databases.sqlite import Row, Session
from sqlgrpo.databases.values import Pool, allowed, pool
from sqlgrpo.parsers.schema import Column, Schema, Table

SWEEP = 1_200  # consecutive whole numbers that are tried
FEW = 6  # values of each other column of an expression
PIECES = 60  # parts of one text
DIGITS = re.compile(r"\d{1,9}")
DAYS = tuple((date(1990, 1, 1) + timedelta(days=41 * n)).isoformat() for n in range(330))
LETTERS = tuple(chr(code) * 8 for code in (*range(32, 127), 233, 223, 8364))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Tries rows for one table after the other."""

    schema: Schema
    conditions: dict[tuple[str, str], list[Condition]]
    limits: LimitsConfig
    casefold: bool

    def telling(self, probe: Probe, base: Sequence[Row], required: str) -> list[Row]:
        """Rows on which the probe is true, false and NULL, where ``required`` holds and not."""
        table = self.schema.table(probe.table)
        if table is None or not base or len(probe.columns) > 2:
            return []
        model = self._model(table, base, required)
        rows = list(self._rows(table, probe, model))
        session = self._open(table, rows)
        split = f"({probe.test}) IS TRUE, ({probe.test}) IS NULL, ({required}) IS TRUE"
        name = quoted(table.name)
        found = session.run(
            f"SELECT MIN(rowid), MAX(rowid) FROM {name} GROUP BY {split}"
            f" ORDER BY ({required}) IS TRUE DESC"
        )
        session.close()
        numbers = dict.fromkeys(n for row in found.rows for n in row if isinstance(n, int))
        return [rows[number - 1] for number in numbers if 0 < number <= len(rows)]

    def _model(self, table: Table, base: Sequence[Row], required: str) -> Row:
        """A row that meets the gold's conditions, if there is one."""
        session = self._open(table, base)
        found = session.run(f"SELECT MIN(rowid) FROM {quoted(table.name)} WHERE {required}").rows
        session.close()
        number = found[0][0] if found else None
        return base[number - 1] if isinstance(number, int) and 0 < number <= len(base) else base[0]

    def _rows(self, table: Table, probe: Probe, model: Row) -> Iterator[Row]:
        """The model with other values: all of one column beside a few of another."""
        names = [column.name.lower() for column in table.columns]
        at = [names.index(name) for name in probe.columns]
        constants = list(self._constants(probe))
        values = [self._values(table, table.columns[i], constants) for i in at]
        for long in range(len(at)):
            for chosen in product(*(v if i == long else v[:FEW] for i, v in enumerate(values))):
                row = list(model)
                for i, value in zip(at, chosen, strict=True):
                    row[i] = value
                yield tuple(row)

    def _constants(self, probe: Probe) -> Iterator[object]:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        session = Session(connection, (), self.limits)
        for sql in probe.constants:
            for (value,) in session.run(f"SELECT {sql}").rows:
                yield value
                if isinstance(value, str):  # a number may stand next to a text
                    yield from map(int, DIGITS.findall(value))
        session.close()

    def _values(self, table: Table, column: Column, constants: list[object]) -> list[object]:
        conditions = self.conditions.get((table.name.lower(), column.name.lower()), [])
        conditions = conditions + [Condition("=", c, "", guest=True) for c in constants]
        found = pool(column, conditions, casefold=self.casefold)
        more = tuple(_sweep(kind(column, conditions), constants, casefold=self.casefold))
        found = allowed(Pool(found.plain, found.near, more), table, column, casefold=self.casefold)
        missing = () if column.not_null else (None,)
        own = [value for value in found.near if value in constants]
        return list(dict.fromkeys((*own, *found.hits[:FEW], *found.near, *missing, *found.plain)))

    def _open(self, table: Table, rows: Sequence[Row]) -> Session:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        if self.casefold:
            fold_case(connection)
        columns = ", ".join(f"{quoted(c.name)} {TYPES[c.affinity]}" for c in table.columns)
        connection.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
        connection.execute("BEGIN")
        marks = ", ".join("?" * len(table.columns))
        connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({marks})", rows)
        connection.execute("COMMIT")
        return Session(connection, [table.name], self.limits)


def _sweep(of: str, constants: list[object], *, casefold: bool) -> Iterator[object]:
    """Values of a kind, one after the other."""
    if of in ("integer", "number"):
        yield from range(SWEEP)
        yield from range(-1, -60, -1)
    if of == "number":
        yield from (n / 4 for n in range(1, 400) if n % 4)
    if of in ("date", "datetime"):
        yield from DAYS
    if of == "time":
        yield from (f"{n // 60:02}:{n % 60:02}:00" for n in range(0, 1440, 5))
    if of in ("text", "any"):
        texts = [text for c in constants for text in _pieces(c)] + list(LETTERS)
        yield from (text.lower() if casefold else text for text in texts)


def _pieces(constant: object) -> Iterator[str]:
    """What a text is made of, and what it may be the hexadecimal form of."""
    text = str(constant)[:PIECES]
    yield from (letter * 8 for letter in dict.fromkeys(text))
    spans = sorted(product(range(len(text)), range(len(text) + 1)), key=lambda s: s[0] - s[1])
    yield from [text[start:end] for start, end in spans[:PIECES] if start < end]
    yield from (f"a{text}b", text * 2)
    try:
        yield bytes.fromhex(text).decode("utf-8")
    except ValueError:
        return
