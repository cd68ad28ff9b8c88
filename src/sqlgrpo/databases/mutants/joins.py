"""Joins of another kind, without their condition, left out, or to a table too many."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, changed


def kinds(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Join):
        return
    side = (node.side or "").upper()
    if side:
        yield changed(node, side=None)
    elif node.args.get("on") or node.args.get("using"):
        yield changed(node, side="LEFT", kind=None)
        yield changed(node, side="RIGHT", kind=None)
    if node.args.get("on"):
        yield changed(node, on=exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1)))


def dropped(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    """Without one of its joins; where other parts use that table, this does not run."""
    if not isinstance(node, exp.Select):
        return
    joins = node.args.get("joins") or []
    for index in range(len(joins)):
        yield changed(node, joins=[j.copy() for i, j in enumerate(joins) if i != index])


def duplicating(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    """Joined once more to a table that shares a value, so that rows repeat."""
    if not isinstance(node, exp.Select):
        return
    for column in list(node.find_all(exp.Column))[:2]:
        place = context.places.of(column)
        if place is None or column.find_ancestor(exp.Select) is not node:
            continue
        table = context.schema.table(place[0])
        again = exp.to_identifier("again", quoted=True)
        name = exp.to_identifier(table.name if table else place[0], quoted=True)
        key = exp.Column(this=exp.to_identifier(place[1], quoted=True), table=again)
        on = exp.EQ(this=key, expression=column.copy())
        source = exp.Table(this=name, alias=exp.TableAlias(this=again.copy()))
        copy = node.copy()
        copy.append("joins", exp.Join(this=source, on=on))
        yield copy


def other_tables(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    """Another table that has every column the query takes from this one."""
    if not isinstance(node, exp.Table):
        return
    select = node.find_ancestor(exp.Select)
    if select is None or not context.schema.table(node.name):
        return
    taken = {c.name for c in select.find_all(exp.Column)}
    for table in context.schema.tables:
        if table.name.lower() != node.name.lower() and all(table.column(c) for c in taken):
            alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name))
            yield exp.Table(this=exp.to_identifier(table.name, quoted=True), alias=alias.copy())
