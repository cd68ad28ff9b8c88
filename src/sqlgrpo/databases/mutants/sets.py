"""Another set operation, ALL on or off, one side alone, sides changed over."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed

OPERATIONS: tuple[type[exp.SetOperation], ...] = (exp.Union, exp.Intersect, exp.Except)


def operations(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, OPERATIONS):
        return
    for other in OPERATIONS:
        if not isinstance(node, other):
            yield _as(node, other, distinct=True)
    if isinstance(node, exp.Union):
        yield changed(node, distinct=not node.args.get("distinct"))
    else:
        yield _as(node, exp.Union, distinct=False)


def sides(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, OPERATIONS):
        for side in (node.this, node.expression):
            if isinstance(side, exp.Select):
                yield side.copy()
        yield changed(node, this=node.expression.copy(), expression=node.this.copy())


def _as(node: exp.Expr, other: type[exp.SetOperation], *, distinct: bool) -> exp.Expr:
    arguments = {name: value for name, value in node.copy().args.items() if name != "distinct"}
    return other(**arguments, distinct=distinct)
