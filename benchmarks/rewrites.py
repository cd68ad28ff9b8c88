"""Ways to say the same query differently; each keeps the result on every database."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

TURNED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ}
Rewrite = Callable[[exp.Query], bool]


def rewrites(gold: str, count: int, rng: random.Random) -> list[str]:
    """Up to ``count`` different spellings of the gold.

    >>> rewrites("SELECT a FROM t WHERE b > 3", 20, random.Random(0))[0] != ""
    True
    """
    tree = sqlglot.parse_one(gold, dialect="sqlite")
    found: dict[str, None] = {}
    for _ in range(count * 6):
        changed = tree.copy()
        assert isinstance(changed, exp.Query)
        done = [rewrite(changed) for rewrite in rng.sample(REWRITES, rng.choice((1, 1, 2, 3)))]
        sql = _wrapped(changed, rng)
        if any(done) or sql != tree.sql(dialect="sqlite"):
            found[sql] = None
        if len(found) == count:
            break
    return list(found)


def is_settled(gold: str) -> bool:
    """Whether the gold leaves nothing to chance: no LIMIT, no column beside GROUP BY without it."""
    tree = sqlglot.parse_one(gold, dialect="sqlite")
    if tree.find(exp.Limit):
        return False
    return not any(_has_bare_columns(select) for select in tree.find_all(exp.Select))


def _has_bare_columns(select: exp.Select) -> bool:
    aggregates = [item for item in select.selects if item.find(exp.AggFunc)]
    group = select.args.get("group")
    if group is None and not aggregates and not select.args.get("having"):
        return False
    keys = {key.sql("sqlite").lower() for key in (group.expressions if group else ())}
    order = select.args.get("order")
    checked = [*select.selects, *(order.expressions if order else ())]
    for item in checked:
        for column in item.find_all(exp.Column):
            if (
                column.find_ancestor(exp.AggFunc) is None
                and column.sql("sqlite").lower() not in keys
            ):
                return True
    return False


def _turn_comparisons(tree: exp.Query) -> bool:
    places = [node for node in tree.find_all(*TURNED) if type(node) in TURNED]
    for node in places:
        node.replace(TURNED[type(node)](this=node.right.copy(), expression=node.left.copy()))
    return bool(places)


def _swap_conditions(tree: exp.Query) -> bool:
    places = [node for node in tree.find_all(exp.And) if not isinstance(node.parent, exp.And)]
    for node in places:
        parts = [exp.paren(part.copy()) for part in reversed(list(node.flatten()))]
        node.replace(exp.and_(*parts))
    return bool(places)


def _spell_between(tree: exp.Query) -> bool:
    places = list(tree.find_all(exp.Between))
    for node in places:
        above = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        below = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        node.replace(exp.paren(exp.and_(above, below)))
    return bool(places)


def _spell_list(tree: exp.Query) -> bool:
    places = [node for node in tree.find_all(exp.In) if node.expressions]
    for node in places:
        parts = [exp.EQ(this=node.this.copy(), expression=item.copy()) for item in node.expressions]
        node.replace(exp.paren(exp.or_(*parts)))
    return bool(places)


def _deny_twice(tree: exp.Query) -> bool:
    where = tree.args.get("where")
    if where is not None:
        where.set("this", exp.Not(this=exp.paren(exp.Not(this=exp.paren(where.this.copy())))))
    return where is not None


def _add_truth(tree: exp.Query) -> bool:
    where = tree.args.get("where")
    if where is not None:
        where.set("this", exp.and_(where.this.copy(), exp.EQ(this=_one(), expression=_one())))
    return where is not None


def _count_ones(tree: exp.Query) -> bool:
    places = [node for node in tree.find_all(exp.Count) if isinstance(node.this, exp.Star)]
    for node in places:
        node.set("this", _one())
    return bool(places)


def _reverse_columns(tree: exp.Query) -> bool:
    if not isinstance(tree, exp.Select) or len(tree.expressions) < 2:
        return False
    ordinals = [tree.args.get("order"), tree.args.get("group")]
    if any(node and any(True for _ in _numbers(node)) for node in ordinals):
        return False
    tree.set("expressions", list(reversed(tree.expressions)))
    return True


def _name_columns(tree: exp.Query) -> bool:
    if not isinstance(tree, exp.Select) or tree.is_star:
        return False
    plain = [item for item in tree.expressions if not isinstance(item, exp.Alias)]
    for number, item in enumerate(plain):
        item.replace(exp.alias_(item.copy(), f"shown_{number}"))
    return bool(plain)


def _wrapped(tree: exp.Query, rng: random.Random) -> str:
    sql = tree.sql(dialect="sqlite", pretty=rng.random() < 0.2)
    if tree.args.get("order") or rng.random() < 0.6:
        return sql
    return rng.choice(
        (f"SELECT * FROM ({sql})", f"WITH answer AS ({sql}) SELECT * FROM answer", f"{sql};")
    )


def _numbers(node: exp.Expression) -> Iterator[exp.Expression]:
    for item in node.expressions:
        value = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(value, exp.Literal):
            yield value


def _one() -> exp.Literal:
    return exp.Literal.number(1)


REWRITES: tuple[Rewrite, ...] = (
    _turn_comparisons,
    _swap_conditions,
    _spell_between,
    _spell_list,
    _deny_twice,
    _add_truth,
    _count_ones,
    _reverse_columns,
    _name_columns,
)
