"""Three usual ways to compare two queries by running them, for the figures beside ours."""

from __future__ import annotations

import random
import sqlite3
import time
from dataclasses import replace

from oracle.compare import Row, agreeing, permutations, with_keys
from oracle.contents import fill, open_schema, read_shape
from oracle.values import aims_of, draw_style, literals_of

RIVALS = ("empty_database", "random_20_rows", "set_comparison")
ROWS = 20
SECONDS = 1.0


def accepted_by(schema: str, gold: str, pred: str, seed: int = 0) -> dict[str, bool]:
    """Which rivals call the prediction correct.

    * ``empty_database``: the results compared by our policy, on the schema without rows;
    * ``random_20_rows``: the same on one random database, 20 rows a table if the keys allow it;
    * ``set_comparison``: sets of rows on that random database, columns in order (BIRD's rule).
    """
    connection = open_schema(schema)
    empty = _policy(connection, gold, pred)
    rng = random.Random(f"{seed} {gold}")
    style = replace(draw_style(rng), null_share=0.1, copy_share=0.1, pool_size=8, aim=0.3)
    style = replace(style, least_rows=ROWS, most_rows=ROWS)
    shape = read_shape(connection)
    fill(connection, shape, literals_of(gold, schema), rng, style, aims_of(gold))
    filled = _policy(connection, gold, pred)
    gold_rows, pred_rows = _rows(connection, gold), _rows(connection, pred)
    same_set = gold_rows is not None and pred_rows is not None and set(gold_rows) == set(pred_rows)
    return dict(zip(RIVALS, (empty, filled, same_set), strict=True))


def _policy(connection: sqlite3.Connection, gold: str, pred: str) -> bool:
    keyed = with_keys(gold)
    rows = _rows(connection, keyed[0] if keyed else gold)
    pred_rows = _rows(connection, pred)
    if rows is None or pred_rows is None:
        return False
    count = keyed[1] if keyed else 0
    gold_rows = [row[:-count] for row in rows] if count else rows
    keys = [row[-count:] for row in rows] if count else None
    widths = {len(row) for row in (*gold_rows, *pred_rows)}
    if not widths:
        return True
    return len(widths) == 1 and bool(
        agreeing(gold_rows, keys, pred_rows, permutations(widths.pop()))
    )


def _rows(connection: sqlite3.Connection, sql: str) -> list[Row] | None:
    """The rows of one statement, whatever it does; its changes are undone."""
    deadline = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), 20_000)
    connection.execute("SAVEPOINT rival")
    try:
        return connection.execute(sql).fetchmany(20_000)
    except (sqlite3.Error, sqlite3.Warning):
        return None
    finally:
        connection.set_progress_handler(None, 0)
        if connection.in_transaction:
            connection.execute("ROLLBACK TO rival")
            connection.execute("RELEASE rival")
