"""The clauses, operators and aggregates that a query really uses, each in its context.

A keyword counts where it works on something: a FROM with a table that exists, a WHERE with a
column. ``WHERE 1`` or ``ORDER BY 'x'`` uses nothing. Inside a subquery the name starts with
``subquery``, inside a CTE with ``with``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.parsers.scopes import Resolution

CLAUSES = {"where": "where", "group": "group by", "having": "having", "order": "order by"}
LIMITS = ("limit", "offset")
OPERATORS: dict[type[exp.Expr], str] = {
    **{exp.And: "and", exp.Or: "or", exp.Not: "not", exp.In: "in", exp.Between: "between"},
    **{exp.Like: "like", exp.Exists: "exists", exp.Case: "case", exp.Is: "is"},
    **{exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max"},
}


def operations(query: Resolution) -> Iterator[str]:
    """Every keyword that works on something, once for each use."""
    stack: list[tuple[exp.Expr, str, bool]] = [(query.tree, "", False)]
    while stack:
        node, context, inside = stack.pop()
        if isinstance(node, exp.CTE):
            context, inside = "with ", False
        elif isinstance(node, exp.Select):
            context, inside = ("subquery " if inside else context), True
        for word in _words(node, query):
            yield context + word
        stack.extend((child, context, inside) for child in node.iter_expressions())


def _words(node: exp.Expr, query: Resolution) -> Iterator[str]:
    """The keywords that one node stands for."""
    if isinstance(node, exp.Query):
        yield from _clauses(node, query)
    if isinstance(node, exp.SetOperation):
        yield set_operation(node)
    elif isinstance(node, exp.Join):
        if _reads(node.this, query):
            yield f"{node.side} join".strip().lower()
    elif type(node) in OPERATORS and _works(node, query):
        yield OPERATORS[type(node)]


def _clauses(node: exp.Query, query: Resolution) -> Iterator[str]:
    if isinstance(node, exp.Select):
        yield "select"
        if node.args.get("distinct"):
            yield "distinct"
        from_ = node.args.get("from_")
        if from_ and _reads(from_, query):
            yield "from"
    for clause, word in CLAUSES.items():
        argument = node.args.get(clause)
        if argument is not None and (_works(argument, query) or _has_ordinal(argument)):
            yield word
    for clause in LIMITS:
        argument = node.args.get(clause)
        if argument is not None and argument.expression.name not in ("", "0"):
            yield clause


def _reads(item: exp.Expr, query: Resolution) -> bool:
    """Whether a table that exists is read here."""
    sources = (query.sources.get(id(table)) for table in item.find_all(exp.Table))
    return any(source and not source.missing for source in sources)


def _works(node: exp.Expr, query: Resolution) -> bool:
    """Whether a column that exists, or ``*``, is used here."""
    for part in node.find_all(exp.Column, exp.Star):
        if not isinstance(part, exp.Column):
            return True
        if query.reference(part).kind in ("column", "alias", "open"):
            return True
    return False


def _has_ordinal(node: exp.Expr) -> bool:
    """``ORDER BY 2`` and ``GROUP BY 2`` name a projection."""
    if not isinstance(node, (exp.Group, exp.Order)):
        return False
    keys = (key.this if isinstance(key, exp.Ordered) else key for key in node.expressions)
    return any(isinstance(key, exp.Literal) and key.is_int for key in keys)


def set_operation(node: exp.SetOperation) -> str:
    """``union``, ``union all``, ``except`` or ``intersect``."""
    return f"{node.key}{'' if node.args.get('distinct') else ' all'}"
