"""Comparison operators and boundaries; conditions dropped, negated, added or joined wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed

OTHER: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.EQ: (exp.NEQ, exp.GTE, exp.LTE),
    exp.NEQ: (exp.EQ, exp.GT, exp.LT),
    exp.GT: (exp.GTE, exp.LT, exp.EQ, exp.NEQ),
    exp.GTE: (exp.GT, exp.LTE, exp.EQ),
    exp.LT: (exp.LTE, exp.GT, exp.EQ, exp.NEQ),
    exp.LTE: (exp.LT, exp.GTE, exp.EQ),
}


def operators(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    for other in OTHER.get(type(node), ()):
        yield other(this=node.this.copy(), expression=node.expression.copy())


def connectives(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, (exp.And, exp.Or)):
        left, right = node.this, node.expression
        yield left.copy()
        yield right.copy()
        other = exp.Or if isinstance(node, exp.And) else exp.And
        yield exp.paren(other(this=left.copy(), expression=right.copy()))
        if isinstance(left, exp.And) and isinstance(node, exp.Or):  # brackets elsewhere
            inner = exp.Or(this=left.expression.copy(), expression=right.copy())
            yield exp.And(this=left.this.copy(), expression=exp.paren(inner))


def negations(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Not):
        yield node.this.copy()
    elif isinstance(node, (exp.Like, exp.Between, exp.Is)) and not isinstance(node.parent, exp.Not):
        yield exp.Not(this=node.copy())
    elif isinstance(node, exp.NEQ):
        missing = exp.Is(this=node.this.copy(), expression=exp.null())
        yield exp.paren(exp.Or(this=node.copy(), expression=missing))


def null_tests(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        yield exp.EQ(this=node.this.copy(), expression=exp.Literal.string(""))
        yield exp.EQ(this=node.this.copy(), expression=exp.Literal.number(0))


def boundaries(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Between):
        return
    low, high = node.args["low"], node.args["high"]
    for below, above in ((exp.GT, exp.LTE), (exp.GTE, exp.LT), (exp.GTE, None), (None, exp.LTE)):
        parts = [
            side(this=node.this.copy(), expression=end.copy())
            for side, end in ((below, low), (above, high))
            if side
        ]
        yield exp.paren(exp.and_(*parts))


def filters(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    """The whole WHERE or HAVING dropped or negated; a condition that nobody asked for added."""
    if not isinstance(node, exp.Select):
        return
    for name, clause in (("where", exp.Where), ("having", exp.Having)):
        if old := node.args.get(name):
            yield changed(node, **{name: None})
            yield changed(node, **{name: clause(this=exp.Not(this=exp.paren(old.this.copy())))})
    for output in node.expressions[:3]:
        column = output.unalias()
        if isinstance(column, exp.AggFunc):
            column = column.this
        found = context.column(column)
        if found and not found.not_null:
            extra = exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))
            yield node.copy().where(extra, copy=False)
