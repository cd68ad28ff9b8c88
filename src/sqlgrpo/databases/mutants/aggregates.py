"""The wrong aggregate, the wrong thing counted, DISTINCT where it does not belong."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed

FUNCTIONS: tuple[type[exp.Func], ...] = (exp.Sum, exp.Avg, exp.Min, exp.Max)


def functions(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, FUNCTIONS) or node.args.get("expressions"):
        return
    inner = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    for other in FUNCTIONS:
        if not isinstance(node, other):
            yield other(this=inner.copy())
    yield exp.Count(this=inner.copy())
    if isinstance(node, (exp.Sum, exp.Avg)):
        yield type(node)(this=exp.Distinct(expressions=[inner.copy()]))
        yield exp.Coalesce(this=node.copy(), expressions=[exp.Literal.number(0)])


def counts(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Count):
        return
    if isinstance(node.this, exp.Star):
        select = node.find_ancestor(exp.Select)
        used = list(select.find_all(exp.Column)) if select else []
        columns = {c.sql(): c for c in used if context.places.of(c)}
        for column in list(columns.values())[:3]:
            yield exp.Count(this=column.copy())
            yield exp.Count(this=exp.Distinct(expressions=[column.copy()]))
    elif isinstance(node.this, exp.Distinct):
        yield exp.Count(this=node.this.expressions[0].copy())
        yield exp.Count(this=exp.Star())
    else:
        yield exp.Count(this=exp.Star())
        yield exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
        yield exp.Sum(this=node.this.copy())


def distinct(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Select):
        return
    if node.args.get("distinct"):
        yield changed(node, distinct=None)
    else:
        yield changed(node, distinct=exp.Distinct())


def bare(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    """The column itself instead of its aggregate."""
    if isinstance(node, FUNCTIONS) and isinstance(node.this, exp.Column):
        yield node.this.copy()
