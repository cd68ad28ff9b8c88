"""IN, NOT IN and EXISTS: negated, with an item too few, or blind to NULL."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed


def negated(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, (exp.In, exp.Exists)) and not isinstance(node.parent, exp.Not):
        yield exp.Not(this=node.copy())


def items(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if isinstance(node, exp.In) and len(node.expressions) > 1:
        for index in range(len(node.expressions)):
            kept = [item.copy() for i, item in enumerate(node.expressions) if i != index]
            yield changed(node, expressions=kept)


def without_nulls(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    """``NOT IN`` as people mean it: a NULL in the list does not empty the answer."""
    query = node.args.get("query") if isinstance(node, exp.In) else None
    select = query.find(exp.Select) if query else None
    if query is None or select is None or len(select.expressions) != 1:
        return
    output = select.expressions[0].unalias()
    if context.column(output):
        copy = node.copy()
        inner = copy.args["query"].find(exp.Select)
        inner.where(exp.Not(this=exp.Is(this=output.copy(), expression=exp.null())), copy=False)
        yield copy
    subquery = query if isinstance(query, exp.Subquery) else exp.Subquery(this=query)
    yield exp.EQ(this=node.this.copy(), expression=subquery.copy())
