"""Order forgotten or reversed, by another key, NULLs at the other end; LIMIT off by one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.gold import ordered
from sqlgrpo.databases.mutants.context import Context, changed


def direction(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Ordered):
        yield ordered(node.this.copy(), descending=not node.args.get("desc"))
        last = exp.Is(this=node.this.copy(), expression=exp.null())
        if not isinstance(node.this, exp.Literal):  # an ordinal cannot be asked whether it is NULL
            order = node.parent
            if order is not None and len(order.expressions) == 1 and not node.args.get("desc"):
                yield ordered(exp.paren(last), descending=False)


def keys(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Query) or not (order := node.args.get("order")):
        return
    yield changed(node, order=None)
    terms = order.expressions
    if len(terms) > 1:
        for index in range(len(terms)):
            kept = [term.copy() for i, term in enumerate(terms) if i != index]
            yield changed(node, order=exp.Order(expressions=kept))
        yield changed(node, order=exp.Order(expressions=[t.copy() for t in reversed(terms)]))
    for output in node.selects[:3]:
        key = output.unalias()
        if key != terms[0].this and not isinstance(key, (exp.Star, exp.Literal)):
            other = ordered(key.copy(), descending=bool(terms[0].args.get("desc")))
            yield changed(node, order=exp.Order(expressions=[other]))


def limits(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Query):
        return
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is None:
        if not node.parent and node.args.get("order"):
            yield changed(node, limit=exp.Limit(expression=exp.Literal.number(1)))
        return
    yield changed(node, limit=None, offset=None)
    if isinstance(limit.expression, exp.Literal) and limit.expression.is_int:
        size = int(limit.expression.this)
        for other in (size + 1, size - 1):
            yield changed(node, limit=exp.Limit(expression=exp.Literal.number(max(other, 0))))
    skipped = exp.Offset(expression=exp.Literal.number(1))
    yield changed(node, offset=None if offset else skipped)
