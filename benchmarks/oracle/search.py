"""Look for a database on which two queries differ under the policy."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlglot

from oracle.compare import Row, agreeing, permutations, with_keys
from oracle.contents import fill, open_schema, read_shape
from oracle.values import aims_of, draw_style, literals_of

STEPS_PER_CALL = 20_000
QUERY_SECONDS = 2.0
MOST_ROWS = 200
"""Tables grow to this size when the queries mention such a number (LIMIT, HAVING COUNT)."""


class GoldError(Exception):
    """The gold itself does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A database that satisfies the schema, and the two different results on it."""

    inserts: tuple[str, ...]
    gold_rows: tuple[Row, ...]
    pred_rows: tuple[Row, ...] | str
    """The rows, or the message of the error that stopped the prediction."""


class Pair:
    """A gold and a prediction over one schema, run side by side on many databases."""

    def __init__(self, schema: str, gold: str, pred: str) -> None:
        self.gold, self.pred = gold, pred
        self.connection = open_schema(schema)
        self.shape = read_shape(self.connection)
        self.literals = literals_of(gold, pred, schema)
        self.aims = aims_of(gold, pred)
        self.keyed = with_keys(gold)
        self.limited = " limit " in f" {' '.join(gold.lower().split())} "
        sizes = [int(n) for n in self.literals[1] if 10 <= n <= MOST_ROWS]
        self.sizes = [*(n + 6 for n in sizes), *(4 * n + 20 for n in sizes if n <= MOST_ROWS // 2)]
        self.orders: list[tuple[int, ...]] | None = None
        self.deadline = 0.0
        self.connection.set_progress_handler(self._too_long, STEPS_PER_CALL)

    def search(
        self, tries: int, seed: int = 0, *, loose: bool = False, seconds: float = 1e9
    ) -> Witness | None:
        """The first separating database of ``tries`` random ones; ``None`` when all agree.

        Column orders that fail on one database stay excluded on the next, so a pair can also be
        separated by two databases together; the second of them is then the witness.
        """
        rng = random.Random(seed)
        self.orders = None
        stop = time.thread_time() + seconds
        for _ in range(tries):
            style = draw_style(rng, loose=loose)
            if self.sizes and rng.random() < 0.04:
                most = rng.choice(self.sizes)
                style = replace(style, least_rows=most // 2, most_rows=most, pool_size=8)
            self.deadline = time.thread_time() + QUERY_SECONDS
            database = fill(self.connection, self.shape, self.literals, rng, style, aims=self.aims)
            found = self.differ()
            if found is not None:
                return Witness(inserts=tuple(database.statements()), **found)
            if time.thread_time() > stop:
                break
        return None

    def differ(self) -> dict[str, tuple[Row, ...] | str] | None:
        """The two results on the present contents, when they differ under the policy."""
        answer = self._gold_rows()
        if answer is None:
            return None
        gold, keys = answer
        try:
            pred = self._run(self.pred)
        except sqlite3.Error as error:
            return {"gold_rows": tuple(gold), "pred_rows": str(error)}
        width = len(self._columns(self.gold))
        if width != len(self._columns(self.pred)):
            return {"gold_rows": tuple(gold), "pred_rows": tuple(pred)}
        orders = permutations(width) if self.orders is None else self.orders
        if self._cut_tie(gold) and len(gold) == len(pred):
            return None
        left = agreeing(gold, keys, pred, orders)
        if not left:
            return {"gold_rows": tuple(gold), "pred_rows": tuple(pred)}
        self.orders = left
        return None

    def separates(self, inserts: Sequence[str]) -> bool:
        """Whether these INSERTs satisfy the schema and alone separate the two queries."""
        self._load(inserts)
        self.orders = None
        return self.differ() is not None

    def shrink(self, witness: Witness) -> Witness | None:
        """The same witness without the rows that it does not need.

        ``None`` when its database only separates after others have excluded a column order.
        """
        kept = list(witness.inserts)
        if not self._valid_and_separates(kept):
            return None
        changed = True
        while changed:
            changed = False
            for index in range(len(kept) - 1, -1, -1):
                fewer = kept[:index] + kept[index + 1 :]
                if self._valid_and_separates(fewer):
                    kept, changed = fewer, True
        self._load(kept)
        self.orders = None
        found = self.differ()
        assert found is not None
        return Witness(inserts=tuple(kept), **found)

    def _valid_and_separates(self, inserts: Sequence[str]) -> bool:
        try:
            return self.separates(inserts)
        except sqlite3.IntegrityError:
            return False

    def _load(self, inserts: Sequence[str]) -> None:
        self.deadline = time.thread_time() + QUERY_SECONDS
        self.connection.execute("PRAGMA foreign_keys = OFF")
        for relation in self.shape:
            name = relation.name.replace('"', '""')
            self.connection.execute(f'DELETE FROM "{name}"')
        self.connection.execute("PRAGMA foreign_keys = ON")
        for statement in inserts:
            self.connection.execute(statement)

    def _gold_rows(self) -> tuple[list[Row], list[Row] | None] | None:
        """The gold's rows and sort keys; ``None`` when it overruns or overflows here."""
        try:
            if self.keyed is None:
                return self._run(self.gold), None
            sql, count = self.keyed
            rows = self._run(sql)
        except sqlite3.OperationalError as error:
            if "no such" in str(error) or "syntax" in str(error) or "ambiguous" in str(error):
                raise GoldError(str(error)) from error
            return None
        return [row[:-count] for row in rows], [row[-count:] for row in rows]

    def _cut_tie(self, gold: list[Row]) -> bool:
        """Whether LIMIT cut the gold inside a group of equal sort keys, so its rows are chance."""
        if not self.limited:
            return False
        tree = sqlglot.parse_one(self.gold, dialect="sqlite")
        if not tree.args.get("limit"):
            return False
        if self.keyed is None:
            return True
        whole = sqlglot.parse_one(self.keyed[0], dialect="sqlite")
        count = self.keyed[1]
        offset = int(whole.args["offset"].expression.this) if whole.args.get("offset") else 0
        for name in ("limit", "offset"):
            whole.set(name, None)
        keys = [row[-count:] for row in self._run(whole.sql(dialect="sqlite"))]
        end = offset + len(gold)
        cut_low = 0 < offset < len(keys) and keys[offset - 1] == keys[offset]
        cut_high = 0 < end < len(keys) and keys[end - 1] == keys[end]
        return cut_low or cut_high

    def _run(self, sql: str) -> list[Row]:
        self.deadline = time.thread_time() + QUERY_SECONDS
        return self.connection.execute(sql).fetchmany(20_000)

    def _columns(self, sql: str) -> list[str]:
        self.deadline = time.thread_time() + QUERY_SECONDS
        described = self.connection.execute(sql).description
        return [column[0] for column in described or ()]

    def _too_long(self) -> int:
        return int(time.thread_time() > self.deadline)
