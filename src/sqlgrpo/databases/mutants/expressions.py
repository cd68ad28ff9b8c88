"""Arithmetic, integer division, CAST, CASE and functions."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed, number

ARITHMETIC: tuple[type[exp.Binary], ...] = (exp.Add, exp.Sub, exp.Mul, exp.Div)
WRAPPERS = (
    *(exp.Lower, exp.Upper, exp.Abs, exp.Round, exp.Cast, exp.Trim, exp.Coalesce, exp.Substring),
)


def arithmetic(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, ARITHMETIC):
        return
    for other in ARITHMETIC:
        if not isinstance(node, other):
            operands = {"this": node.this.copy(), "expression": node.expression.copy()}
            flags = {"typed": True, "safe": True} if other is exp.Div else {}
            yield exp.paren(other(**operands, **flags))
    if isinstance(node, (exp.Sub, exp.Div)):
        swapped = changed(node, this=node.expression.copy(), expression=node.this.copy())
        yield exp.paren(swapped)
    yield node.this.copy()
    if isinstance(node, exp.Div):  # integers divide to integers in SQLite
        real = exp.Mul(this=node.this.copy(), expression=exp.Literal.number("1.0"))
        yield changed(node, this=exp.paren(real))
        yield exp.Cast(this=node.copy(), to=exp.DataType.build("int"))


def unwrapped(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, WRAPPERS) and isinstance(node.this, exp.Expr):
        yield node.this.copy()
    if isinstance(node, exp.Round):
        digits = node.args.get("decimals")
        yield changed(node, decimals=number(1) if digits is None else None)


def cases(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Case):
        return
    branches = node.args.get("ifs") or []
    if node.args.get("default"):
        yield changed(node, default=None)
    else:
        yield changed(node, default=number(0))
    if len(branches) > 1:
        yield changed(node, ifs=[branch.copy() for branch in reversed(branches)])
        for index in range(len(branches)):
            kept = [branch.copy() for i, branch in enumerate(branches) if i != index]
            yield changed(node, ifs=kept)


def casts(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Cast):
        for name in ("int", "real", "text"):
            yield changed(node, to=exp.DataType.build(name))


def windows(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Window) and node.args.get("partition_by"):
        yield changed(node, partition_by=None)
    ranks = (exp.RowNumber, exp.Rank, exp.DenseRank)
    if isinstance(node, ranks):
        yield from (other() for other in ranks if not isinstance(node, other))
