"""The parts of a query, clause by clause, independent of aliases and spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from sqlgrpo.parsers.canonical import Writer, flat
from sqlgrpo.parsers.operations import operations, set_operation
from sqlgrpo.parsers.reading import STRICT
from sqlgrpo.parsers.scopes import resolve_sql
from sqlgrpo.types import Quirks

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What a query is made of. Parts repeat as often as the query has them; subqueries count."""

    tables: Parts
    """Base tables, one for each use."""
    columns: Parts
    """Columns as ``city.name``, one for each use."""
    operations: Parts
    """Clauses, operators and aggregates in their context, such as ``subquery group by``."""
    aggregates: Parts
    projections: Parts
    joins: Parts
    """Join kind and condition."""
    conditions: Parts
    """Operands of the ANDs and ORs of every WHERE."""
    grouping: Parts
    """GROUP BY keys and HAVING conditions."""
    ordering: Parts
    """ORDER BY keys in order, with their place, and LIMIT."""
    set_operations: Parts


def structure(
    sql: str, dialect: str = "sqlite", quirks: Quirks = STRICT, ddl: str = ""
) -> Structure:
    """Take a query apart; raises ``SqlSyntaxError``.

    >>> parts = structure("SELECT MAX(c.size) FROM city c WHERE c.id > 3 AND c.name = 'Bern'")
    >>> parts.tables, parts.aggregates, parts.operations
    (('city',), ('max(city.size)',), ('and', 'from', 'max', 'select', 'where'))
    >>> parts.conditions
    ('(city.id > 3)', "(city.name = 'Bern')")
    """
    return _structure(sql, dialect, quirks, ddl)


@lru_cache(maxsize=8_192)
def _structure(sql: str, dialect: str, quirks: Quirks, ddl: str) -> Structure:
    resolution = resolve_sql(sql, dialect, quirks, ddl)
    writer = Writer(resolution=resolution, numbered=False)
    nodes = list(resolution.tree.dfs())
    selects = [node for node in nodes if isinstance(node, exp.Select)]
    return Structure(
        tables=tuple(sorted(s.table for s in resolution.sources.values() if s.table)),
        columns=_sorted(writer.text(n) for n in nodes if isinstance(n, exp.Column)),
        operations=_sorted(operations(resolution)),
        aggregates=_sorted(writer.text(n) for n in nodes if isinstance(n, exp.AggFunc)),
        projections=_sorted(part for s in selects for part in _projections(s, writer)),
        joins=_sorted(_join(n, writer) for n in nodes if isinstance(n, exp.Join)),
        conditions=_sorted(part for s in selects for part in _conditions(s, "where", writer)),
        grouping=_sorted(part for s in selects for part in _grouping(s, writer)),
        ordering=_sorted(
            part for n in nodes if isinstance(n, exp.Query) for part in _ordering(n, writer)
        ),
        set_operations=_sorted(set_operation(n) for n in nodes if isinstance(n, exp.SetOperation)),
    )


def _sorted(parts: Iterator[str]) -> Parts:
    return tuple(sorted(parts))


def _projections(select: exp.Select, writer: Writer) -> Iterator[str]:
    yield from writer.texts(select.expressions)
    if select.args.get("distinct"):
        yield "distinct"


def _join(join: exp.Join, writer: Writer) -> str:
    kind = f"{join.side} {join.args.get('method') or ''}".strip().lower()
    using = " ".join(sorted(column.name.lower() for column in join.args.get("using") or []))
    return f"{kind} {writer.text(join.args.get('on'))}{using}".strip()


def _conditions(select: exp.Select, clause: str, writer: Writer) -> Iterator[str]:
    """Operands of the clause's AND (or OR, which is then one part more)."""
    where = select.args.get(clause)
    if where is None:
        return
    root = where.this.unnest()
    yield from writer.texts(flat(root))
    if isinstance(root, exp.Or):
        yield "or"


def _grouping(select: exp.Select, writer: Writer) -> Iterator[str]:
    yield from writer.group_keys(select.args.get("group"))
    yield from (f"having {part}" for part in _conditions(select, "having", writer))


def _ordering(query: exp.Query, writer: Writer) -> Iterator[str]:
    for place, key in enumerate(writer.order_keys(query.args.get("order")), 1):
        yield f"{place}: {key}"
    for clause in ("limit", "offset"):
        node = query.args.get(clause)
        if node is not None:
            yield f"{clause} {writer.text(node.expression)}"
