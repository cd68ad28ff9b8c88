"""Small wrong turns in a query, made independently of the mutants that suites are built from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

Change = Callable[[exp.Expression, random.Random], None]
COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ)
AGGREGATES = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count)


def mutants(gold: str, count: int, rng: random.Random) -> list[str]:
    """Up to ``count`` different variants, each one or two changes away from the gold.

    >>> len(mutants("SELECT a FROM t WHERE b > 3", 5, random.Random(0)))
    5
    """
    tree = sqlglot.parse_one(gold, dialect="sqlite")
    found: dict[str, None] = {}
    for _ in range(count * 12):
        mutant = tree.copy()
        for _ in range(rng.choice((1, 1, 1, 2))):
            choices = list(_changes(mutant))
            if choices:
                node, change = rng.choice(choices)
                change(node, rng)
        sql = mutant.sql(dialect="sqlite")
        if sql != tree.sql(dialect="sqlite"):
            found[sql] = None
        if len(found) == count:
            break
    return list(found)


def _changes(tree: exp.Expression) -> Iterator[tuple[exp.Expression, Change]]:
    """Every place in the tree together with a change that fits there."""
    for node in tree.walk():
        for kind, change in CHANGES:
            if isinstance(node, kind) and (node.parent is not None or isinstance(node, exp.Query)):
                yield node, change


def _other_comparison(node: exp.Expression, rng: random.Random) -> None:
    kind = rng.choice([kind for kind in COMPARISONS if not isinstance(node, kind)])
    node.replace(kind(this=node.this, expression=node.expression))


def _other_aggregate(node: exp.Expression, rng: random.Random) -> None:
    if isinstance(node.this, exp.Star):
        return
    kind = rng.choice([kind for kind in AGGREGATES if not isinstance(node, kind)])
    node.replace(kind(this=node.this))


def _literal(node: exp.Expression, rng: random.Random) -> None:
    if node.is_string:
        text = node.name
        options = [text.swapcase(), f"{text} ", text[:-1], text[1:], f"{text}s", ""]
        node.replace(exp.Literal.string(rng.choice([o for o in options if o != text] or ["?"])))
    elif node.is_int:
        node.replace(exp.Literal.number(max(0, int(node.name) + rng.choice((-1, 1, 10)))))


def _star_or_column(node: exp.Expression, rng: random.Random) -> None:
    columns = sorted({column.sql("sqlite") for column in node.root().find_all(exp.Column)})
    if isinstance(node.this, exp.Star) and columns:
        node.set("this", sqlglot.parse_one(rng.choice(columns), dialect="sqlite"))
    elif isinstance(node.this, exp.Distinct):
        node.set("this", node.this.expressions[0])
    elif not isinstance(node.this, exp.Star):
        distinct = exp.Distinct(expressions=[node.this])
        node.set("this", exp.Star() if rng.random() < 0.5 else distinct)


def _other_column(node: exp.Expression, rng: random.Random) -> None:
    others = sorted({c.sql("sqlite") for c in node.root().find_all(exp.Column)})
    others = [other for other in others if other != node.sql("sqlite")]
    if others:
        node.replace(sqlglot.parse_one(rng.choice(others), dialect="sqlite"))


def _one_side(node: exp.Expression, rng: random.Random) -> None:
    node.replace(rng.choice((node.left, node.right)))


def _and_or(node: exp.Expression, rng: random.Random) -> None:
    del rng
    kind = exp.Or if isinstance(node, exp.And) else exp.And
    node.replace(kind(this=node.left.copy(), expression=node.right.copy()))


def _negate(node: exp.Expression, rng: random.Random) -> None:
    del rng
    if isinstance(node.parent, exp.Not):
        node.parent.replace(node)
    else:
        node.replace(exp.Not(this=exp.paren(node.copy())))


def _join(node: exp.Expression, rng: random.Random) -> None:
    if rng.random() < 0.7:
        node.set("side", None if node.args.get("side") else "LEFT")
    elif node.args.get("on") is not None:
        node.set("on", None)


def _direction(node: exp.Expression, rng: random.Random) -> None:
    del rng
    node.set("desc", not node.args.get("desc"))
    node.set("nulls_first", None)


def _select(node: exp.Expression, rng: random.Random) -> None:
    present = [
        name for name in ("where", "group", "having", "limit", "order") if node.args.get(name)
    ]
    options: list[str] = ["distinct", "columns", *present]
    chosen = rng.choice(options)
    if chosen == "distinct":
        node.set("distinct", None if node.args.get("distinct") else exp.Distinct())
    elif chosen == "columns":
        _columns(node, rng)
    else:
        node.set(chosen, None)


def _columns(node: exp.Expression, rng: random.Random) -> None:
    items = node.expressions
    if not items:
        return
    if len(items) > 1 and rng.random() < 0.5:
        items.pop(rng.randrange(len(items)))
    else:
        items.append(rng.choice(items).copy())
    node.set("expressions", items)


def _set_operation(node: exp.Expression, rng: random.Random) -> None:
    left, right = node.this.copy(), node.expression.copy()
    if rng.random() < 0.4:
        left, right = right, left
    kind = rng.choice((exp.Union, exp.Intersect, exp.Except))
    distinct = kind is not exp.Union or rng.random() < 0.5
    node.replace(kind(this=left, expression=right, distinct=distinct))


def _between(node: exp.Expression, rng: random.Random) -> None:
    low, high = rng.choice(((exp.GT, exp.LT), (exp.GTE, exp.LT), (exp.GT, exp.LTE)))
    above = low(this=node.this.copy(), expression=node.args["low"].copy())
    below = high(this=node.this.copy(), expression=node.args["high"].copy())
    node.replace(exp.paren(exp.and_(above, below)))


def _like(node: exp.Expression, rng: random.Random) -> None:
    pattern = node.expression.name
    options = [pattern.strip("%"), f"%{pattern}", f"{pattern}%", pattern.replace("%", "_")]
    chosen = rng.choice([option for option in options if option != pattern] or ["%"])
    node.set("expression", exp.Literal.string(chosen))


def _limit(node: exp.Expression, rng: random.Random) -> None:
    if isinstance(node.expression, exp.Literal) and node.expression.is_int:
        value = max(1, int(node.expression.name) + rng.choice((-1, 1, 2)))
        node.set("expression", exp.Literal.number(value))


CHANGES: tuple[tuple[type[exp.Expression] | tuple[type[exp.Expression], ...], Change], ...] = (
    (COMPARISONS, _other_comparison),
    (AGGREGATES, _other_aggregate),
    (exp.Literal, _literal),
    (exp.Count, _star_or_column),
    (exp.Column, _other_column),
    ((exp.And, exp.Or), _one_side),
    ((exp.And, exp.Or), _and_or),
    ((*COMPARISONS, exp.In, exp.Exists, exp.Like, exp.Between, exp.Is), _negate),
    (exp.Join, _join),
    (exp.Ordered, _direction),
    (exp.Select, _select),
    (exp.SetOperation, _set_operation),
    (exp.Between, _between),
    (exp.Like, _like),
    (exp.Limit, _limit),
)
