"""A column taken for another one of the same type, in the same table or in a joined one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed

OTHERS = 3  # columns tried in place of each


def neighbours(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Column):
        return
    place = context.places.of(node)
    for name in islice(context.alike(place), OTHERS) if place else ():
        yield changed(node, this=exp.to_identifier(name, quoted=True))


def namesakes(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    """``T1.id`` for ``T2.id``."""
    select = node.find_ancestor(exp.Select) if isinstance(node, exp.Column) else None
    if select is None or not isinstance(node, exp.Column) or not node.table:
        return
    for alias in context.places.aliases(select):
        if alias != node.table.lower():
            yield changed(node, table=exp.to_identifier(alias, quoted=True))


def swapped_outputs(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    """An inner query that hands on another of its columns; the outer one may swap freely."""
    if isinstance(node, exp.Select) and node.parent and len(node.expressions) > 1:
        outputs = [output.copy() for output in node.expressions]
        yield changed(node, expressions=outputs[::-1])
