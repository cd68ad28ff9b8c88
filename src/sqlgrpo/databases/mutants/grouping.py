"""GROUP BY with a key too few, too many or none at all; HAVING moved to WHERE."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed


def keys(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Select) or not (group := node.args.get("group")):
        return
    terms = group.expressions
    yield changed(node, group=None)
    for index in range(len(terms) if len(terms) > 1 else 0):
        kept = [term.copy() for i, term in enumerate(terms) if i != index]
        yield changed(node, group=exp.Group(expressions=kept))
    for output in node.selects:
        column = output.unalias()
        if isinstance(column, exp.AggFunc):
            column = column.this
        if isinstance(column, exp.Column) and column not in terms and context.places.of(column):
            more = [*(term.copy() for term in terms), column.copy()]
            yield changed(node, group=exp.Group(expressions=more))
            yield changed(node, group=exp.Group(expressions=[column.copy()]))


def having(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    """HAVING on a row instead of on a group, and the other way round."""
    if not isinstance(node, exp.Select) or not node.args.get("group"):
        return
    clause = node.args.get("having")
    if clause and not clause.find(exp.AggFunc):
        yield _without(node, "having").where(clause.this.copy(), copy=False)
    if where := node.args.get("where"):
        yield _without(node, "where").having(where.this.copy(), copy=False)


def _without(select: exp.Select, clause: str) -> exp.Select:
    copy = select.copy()
    copy.set(clause, None)
    return copy
