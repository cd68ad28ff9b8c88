"""The policy's comparison of two results, written a second time and as plainly as possible."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import sqlglot
from sqlglot import exp

Row = tuple[object, ...]
TOLERANCE = 1e-9
MOST_PERMUTATIONS = 5_040


def same_cell(a: object, b: object) -> bool:
    """Numbers within the tolerance, everything else exactly; '1' is not 1.

    >>> same_cell(1, 1.0), same_cell("1", 1), same_cell(None, ""), same_cell(0.3, 0.1 + 0.2)
    (True, False, False, True)
    """
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a == b or math.isclose(a, b, rel_tol=TOLERANCE)
    return type(a) is type(b) and a == b


def same_bag(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    """Equal as multisets of rows.

    >>> same_bag([(1, "a"), (1, "a")], [(1.0, "a")])
    False
    """
    if len(gold) != len(pred):
        return False
    if Counter(gold) == Counter(pred):
        return True
    left = list(pred)
    for row in gold:
        found = next((i for i, other in enumerate(left) if _same_row(row, other)), None)
        if found is None:
            return False
        del left[found]
    return True


def same_order(gold: Sequence[Row], keys: Sequence[Row], pred: Sequence[Row]) -> bool:
    """Equal in order; rows that tie on the gold's keys may permute among themselves."""
    if len(gold) != len(pred):
        return False
    start = 0
    for _, tied in itertools.groupby(keys):
        end = start + len(list(tied))
        if not same_bag(gold[start:end], pred[start:end]):
            return False
        start = end
    return True


def permutations(width: int) -> list[tuple[int, ...]]:
    """Every order of the columns, the given one first."""
    return list(itertools.islice(itertools.permutations(range(width)), MOST_PERMUTATIONS))


def agreeing(
    gold: Sequence[Row],
    keys: Sequence[Row] | None,
    pred: Sequence[Row],
    orders: Sequence[tuple[int, ...]],
) -> list[tuple[int, ...]]:
    """The column orders of the prediction under which it gives the gold's rows.

    >>> agreeing([(1, "a")], None, [("a", 1)], permutations(2))
    [(1, 0)]
    """
    if len(gold) != len(pred):
        return []
    if gold == pred and len(orders) == 1:
        return list(orders)
    fits = []
    for order in orders:
        turned = [tuple(row[i] for i in order) for row in pred]
        same = same_bag(gold, turned) if keys is None else same_order(gold, keys, turned)
        if same:
            fits.append(order)
    return fits


def with_keys(gold: str) -> tuple[str, int] | None:
    """The gold with its outermost ORDER BY keys as extra columns at the end, and how many.

    ``None`` when the gold does not order its result.

    >>> with_keys("SELECT a FROM t ORDER BY b DESC")
    ('SELECT a, b AS key_0 FROM t ORDER BY b DESC', 1)
    """
    tree = sqlglot.parse_one(gold, dialect="sqlite")
    ordering = tree.args.get("order")
    if ordering is None:
        return None
    if isinstance(tree, exp.SetOperation):
        return _keys_of_set_operation(tree, ordering)
    assert isinstance(tree, exp.Select), gold
    keys = [_key(item.this, tree.selects) for item in ordering.expressions]
    body = tree
    if tree.args.get("distinct"):
        ordering.pop()
        limits = [node.pop() for name in ("limit", "offset") if (node := tree.args.get(name))]
        if limits:
            raise ValueError(f"DISTINCT with ORDER BY and LIMIT is not supported here: {gold}")
        return _keys_of_distinct(tree, ordering)
    for number, key in enumerate(keys):
        body = body.select(exp.alias_(key, f"key_{number}"), copy=False)
    return body.sql(dialect="sqlite"), len(keys)


def _keys_of_distinct(tree: exp.Select, ordering: exp.Order) -> tuple[str, int]:
    names = [item.alias_or_name for item in tree.selects]
    places = [_place(item.this, tree.selects, names) for item in ordering.expressions]
    keys = ", ".join(f"q.c{place} AS key_{n}" for n, place in enumerate(places))
    for number, item in enumerate(tree.selects):
        inner = item.this if isinstance(item, exp.Alias) else item
        item.replace(exp.alias_(inner.copy(), f"c{number}"))
    turned = ordering.copy()
    for number, item in enumerate(turned.expressions):
        item.set("this", exp.column(f"key_{number}"))
    return (
        f"SELECT q.*, {keys} FROM ({tree.sql(dialect='sqlite')}) AS q {turned.sql('sqlite')}",
        len(places),
    )


def _keys_of_set_operation(tree: exp.SetOperation, ordering: exp.Order) -> tuple[str, int]:
    if tree.args.get("limit") or tree.args.get("offset"):
        raise ValueError("a set operation with LIMIT is not supported here")
    first = tree.this
    while isinstance(first, exp.SetOperation):
        first = first.this
    names = [item.alias_or_name for item in first.selects]
    places = [_place(item.this, first.selects, names) for item in ordering.expressions]
    ordering.pop()
    labels = ", ".join(f"c{number}" for number in range(len(names)))
    keys = ", ".join(f"c{place} AS key_{n}" for n, place in enumerate(places))
    turned = ordering.copy()
    for number, item in enumerate(turned.expressions):
        item.set("this", exp.column(f"key_{number}"))
    inner = tree.sql(dialect="sqlite")
    return (
        f"WITH q({labels}) AS ({inner}) SELECT q.*, {keys} FROM q {turned.sql('sqlite')}",
        len(places),
    )


def _place(key: exp.Expression, selects: list[exp.Expression], names: list[str]) -> int:
    if isinstance(key, exp.Literal) and not key.is_string:
        return int(key.this) - 1
    if isinstance(key, exp.Column) and key.name.lower() in [name.lower() for name in names]:
        return [name.lower() for name in names].index(key.name.lower())
    bare = [item.this if isinstance(item, exp.Alias) else item for item in selects]
    return bare.index(key)


def _key(key: exp.Expression, selects: list[exp.Expression]) -> exp.Expression:
    if isinstance(key, exp.Literal) and not key.is_string:
        item = selects[int(key.this) - 1]
        return (item.this if isinstance(item, exp.Alias) else item).copy()
    aliases = {item.alias.lower(): item.this for item in selects if isinstance(item, exp.Alias)}

    def replace(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in aliases:
            return exp.paren(aliases[node.name.lower()].copy())
        if isinstance(node, exp.Collate):
            return exp.Lower(this=node.this.copy())
        return node

    return key.copy().transform(replace)


def _same_row(gold: Row, pred: Row) -> bool:
    return len(gold) == len(pred) and all(map(same_cell, gold, pred))
