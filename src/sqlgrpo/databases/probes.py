"""What a prediction tests or computes from one row and the gold does not.

``age % 97 <> 13`` does not say which ages matter; ``trials`` finds them by trying many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from sqlgrpo.databases.profile import Places
from sqlgrpo.parsers.schema import Schema

MOST = 6  # expressions of one prediction that are followed
OPAQUE = (exp.AggFunc, exp.Query, exp.Window, exp.Star)

DEEPER = (exp.Connector, exp.Not)
PLAIN = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In, exp.Between)

BARE = (exp.Column, exp.Identifier, exp.Literal, exp.Neg, exp.Null, exp.Boolean, exp.Paren)


@dataclass(frozen=True, slots=True)
class Probe:
    """A condition over the columns of one table, as SQL."""

    table: str
    test: str
    columns: tuple[str, ...]
    constants: tuple[str, ...]
    """The parts of it that have no columns, as SQL."""


def read_probes(query: exp.Expr, gold: exp.Expr, schema: Schema) -> list[Probe]:
    """The conditions of a prediction that the gold does not have."""
    found = dict.fromkeys(_probes(query, schema))
    known = {probe.test for probe in _probes(gold, schema)} if found else ()
    return [probe for probe in found if probe.test not in known][:MOST]


def required(gold: exp.Expr, schema: Schema, table: str) -> str:
    """The gold's own conditions on one table, as SQL."""
    places = Places(gold, schema)
    leaves = [leaf for w in gold.find_all(exp.Where) for leaf in _leaves(w.this, exp.And)]
    found = [probe for leaf in leaves for probe in _local(leaf, places)]
    tests = dict.fromkeys(f"({probe.test})" for probe in found if probe.table == table)
    return " AND ".join(tests) or "1"


def _probes(query: exp.Expr, schema: Schema) -> Iterator[Probe]:
    places = Places(query, schema)
    for node in query.walk():
        on = node.args.get("on") if isinstance(node, exp.Join) else None
        condition = node.this if isinstance(node, (exp.Where, exp.If)) else on
        if isinstance(condition, exp.Expr):
            whole = _leaves(condition, exp.And)
            for leaf in dict.fromkeys((*whole, *_leaves(condition, *DEEPER))):
                if not all(_plain(part, places, schema) for part in _leaves(leaf, *DEEPER)):
                    yield from _local(leaf, places)
        elif isinstance(node, exp.Select):
            for output in node.expressions:
                yield from _computed(output.unalias(), places)
        elif isinstance(node, exp.AggFunc) and isinstance(node.this, exp.Expr):
            yield from _computed(node.this, places)
        elif isinstance(node, exp.DPipe) and not isinstance(node.parent, exp.DPipe):
            yield from _colliding(node, places)


def _plain(leaf: exp.Expr, places: Places, schema: Schema) -> bool:
    """Whether the constants of a condition are aimed at anyhow: they stand beside the column.

    In a key every value comes once at most, so its constants are tried here.
    """
    place = places.of(leaf.this)
    table = schema.table(place[0]) if place else None
    parts = [part for child in leaf.iter_expressions() for part in child.walk()]
    if table is None or not isinstance(leaf, PLAIN) or not all(isinstance(p, BARE) for p in parts):
        return False
    if sum(isinstance(part, exp.Column) for part in parts) > 1:
        return False
    keys = (table.primary_key, *table.uniques)
    unique = any([name.lower() for name in key] == [place[1]] for key in keys) if place else False
    return not unique or isinstance(leaf, exp.Is)


def _computed(output: exp.Expr, places: Places) -> Iterator[Probe]:
    """Whether an output is something else than each column that it is made from."""
    if isinstance(output, exp.Column):
        return
    for probe in _local(output, places):
        for column in probe.columns:
            name = exp.to_identifier(column, quoted=True).sql("sqlite")
            yield replace(probe, test=f"({probe.test}) IS {name}")


def _colliding(joined: exp.DPipe, places: Places) -> Iterator[Probe]:
    """Rows whose columns differ and make one text: 1 and 11, or 11 and 1."""
    parts = list(_leaves(joined, exp.DPipe))
    between = "".join(part.name for part in parts if isinstance(part, exp.Literal))
    for probe in _local(joined, places):
        if len(probe.columns) == 2 and len(parts) <= 3:
            texts = (f"1{between}1{between}1", "1", f"1{between}1")
            whole, *constants = (exp.Literal.string(text).sql("sqlite") for text in texts)
            yield replace(probe, test=f"({probe.test}) = {whole}", constants=tuple(constants))


def _leaves(node: exp.Expr, *through: type[exp.Expr]) -> Iterator[exp.Expr]:
    if isinstance(node, (exp.Paren, *through)):
        for child in node.iter_expressions():
            yield from _leaves(child, *through)
    else:
        yield node


def _local(leaf: exp.Expr, places: Places) -> Iterator[Probe]:
    """The condition with the bare names of one table's columns; nothing if it reads others."""
    found = [places.of(column) for column in leaf.find_all(exp.Column)]
    known = [place for place in found if place]
    tables = {table for table, _ in known}
    if len(tables) != 1 or len(known) < len(found) or leaf.find(*OPAQUE):
        return
    copy = leaf.copy()
    for column, place in zip(list(copy.find_all(exp.Column)), known, strict=True):
        bare = {"this": exp.to_identifier(place[1], quoted=True), "table": None}
        for key, value in bare.items():
            column.set(key, value)
    yield Probe(
        table=tables.pop(),
        test=copy.sql("sqlite", comments=False),
        columns=tuple(dict.fromkeys(name for _, name in known)),
        constants=tuple(
            dict.fromkeys(part.sql("sqlite", comments=False) for part in _constants(leaf))
        ),
    )


def _constants(node: exp.Expr) -> Iterator[exp.Expr]:
    """The largest parts that have no columns."""
    for child in () if isinstance(node, exp.Column) else node.iter_expressions():
        if child.find(exp.Column):
            yield from _constants(child)
        elif not isinstance(child, (exp.DataType, exp.Null)):
            yield child
