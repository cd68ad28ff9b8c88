"""Queries that are wrong by one step: what a suite must be able to tell from the gold.

A family is a function from one node of the gold's tree to what may stand in its place. To add one,
write it in the file of its kind and name it in ``FAMILIES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from sqlglot import exp

from sqlgrpo.databases.mutants import (
    aggregates,
    columns,
    conditions,
    constants,
    expressions,
    grouping,
    joins,
    membership,
    ordering,
    sets,
)
from sqlgrpo.databases.mutants.context import Context
from sqlgrpo.databases.profile import Places
from sqlgrpo.parsers.schema import Schema

Family = Callable[[exp.Expr, Context], Iterator[exp.Expr]]

HOLE = "_the_mutated_part_"
MOST = 240
"""Mutants of one gold; a longer query is mutated in its first nodes only."""

FAMILIES: dict[str, Family] = {
    "operator": conditions.operators,
    "connective": conditions.connectives,
    "negation": conditions.negations,
    "null test": conditions.null_tests,
    "boundary": conditions.boundaries,
    "filter": conditions.filters,
    "number": constants.numbers,
    "string": constants.strings,
    "pattern": constants.patterns,
    "date part": constants.date_parts,
    "neighbour column": columns.neighbours,
    "namesake column": columns.namesakes,
    "inner outputs": columns.swapped_outputs,
    "aggregate": aggregates.functions,
    "count": aggregates.counts,
    "distinct": aggregates.distinct,
    "bare column": aggregates.bare,
    "direction": ordering.direction,
    "order key": ordering.keys,
    "limit": ordering.limits,
    "join kind": joins.kinds,
    "dropped join": joins.dropped,
    "duplicating join": joins.duplicating,
    "other table": joins.other_tables,
    "group key": grouping.keys,
    "having": grouping.having,
    "set operation": sets.operations,
    "set side": sets.sides,
    "negated membership": membership.negated,
    "list item": membership.items,
    "nulls in list": membership.without_nulls,
    "arithmetic": expressions.arithmetic,
    "unwrapped": expressions.unwrapped,
    "case": expressions.cases,
    "cast": expressions.casts,
    "window": expressions.windows,
}


def mutants(tree: exp.Expr, schema: Schema, *, casefold: bool) -> dict[str, str]:
    """The SQL of each mutant with the family it comes from; some may not run."""
    original = tree.sql("sqlite")
    found: dict[str, str] = {}
    for family, sql in islice(_all(tree.copy(), schema, casefold), MOST):
        if sql != original:
            found.setdefault(sql, family)
    return found


def _all(tree: exp.Expr, schema: Schema, casefold: bool) -> Iterator[tuple[str, str]]:
    context = Context(schema, Places(tree, schema), casefold)
    for node in list(tree.walk()):
        others: list[tuple[str, exp.Expr]] = []
        for name, family in FAMILIES.items():
            others += ((name, other) for other in family(node, context))
        if others:
            frame = _frame(tree, node)
            for name, other in others:
                yield name, frame.replace(HOLE, other.sql("sqlite", copy=False).strip())


def _frame(tree: exp.Expr, node: exp.Expr) -> str:
    """The SQL around one node (writing it once is much cheaper than once for each mutant)."""
    if node is tree:
        return HOLE
    hole = exp.Var(this=f" {HOLE}" if isinstance(node, exp.Join) else HOLE)
    node.replace(hole)
    sql = tree.sql("sqlite")
    hole.replace(node)
    return sql
