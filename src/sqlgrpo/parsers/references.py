"""What a name in a query can refer to, and how SQLite finds out.

A name is looked up in its own query's FROM clause, then among that query's aliases, then outwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

from sqlgrpo.parsers.schema import Column

ROW_IDS = {"rowid", "oid", "_rowid_"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value comes from: a column of a table, or an expression (empty ``table``)."""

    table: str = ""
    column: str = ""
    declared: Column | None = None

    @property
    def label(self) -> str:
        return f"{self.table}.{self.column}" if self.table else self.column


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What one column name in a query means."""

    kind: str
    """``column``, ``alias`` (of a projection), ``string`` (SQLite's reading of an unknown "name"),
    ``missing``, ``ambiguous``, or ``open``: not certain without a schema."""
    key: str
    """Names the value independently of aliases; equal keys in one query are the same column."""
    origin: Origin = Origin()
    aliased: exp.Expr | None = None
    """The projection that an alias stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One item of a FROM clause. ``columns`` is None when its columns are not known."""

    key: str
    alias: str
    table: str = ""
    """The base table; empty for subqueries and CTEs."""
    missing: bool = False
    columns: dict[str, Origin] | None = None


Outputs: TypeAlias = dict[str, Origin] | None
"""The columns that a query returns, in order, by lower-case name; None when not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The names that an expression sees: its own query's, then those of the queries around it."""

    sources: list[Source] = field(default_factory=list)
    merged: set[str] = field(default_factory=set)
    """Columns that USING or NATURAL made one, so their bare names are not ambiguous."""
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    outer: Frame | None = None
    ctes: dict[str, Source] = field(default_factory=dict)


def has(source: Source, name: str) -> bool:
    """Whether a source has that column, as far as is known."""
    return not source.missing and (source.columns is None or name in source.columns)


def find(node: exp.Column, frame: Frame) -> Reference:
    """Look a column up in its own query, then outwards."""
    name, table = node.name.lower(), node.table.lower()
    alias = frame.aliases.get(name) if not table else None
    if alias is not None and _is_order_key(node):
        return Reference(kind="alias", key=name, aliased=alias)
    scope: Frame | None = frame
    while scope is not None:
        found = _in_sources(node, scope)
        if found is not None:
            return found
        if scope is frame and alias is not None:
            return Reference(kind="alias", key=name, aliased=alias)
        scope = scope.outer
    if node.this.args.get("quoted") and not table:
        return Reference(kind="string", key=node.name)
    return Reference(kind="missing", key=f"{table}.{name}" if table else name)


def _is_order_key(node: exp.Column) -> bool:
    """Whether a name alone is a key of a query's ORDER BY, where aliases win over columns."""
    ordered = node.parent
    order = ordered.parent if isinstance(ordered, exp.Ordered) else None
    return order is not None and isinstance(order.parent, exp.Query)


def _in_sources(node: exp.Column, frame: Frame) -> Reference | None:
    """The reference within one FROM clause, or None to look further out."""
    name, table = node.name.lower(), node.table.lower()
    sources = frame.sources
    if table:
        sources = [source for source in sources if source.alias == table][:1]
    known = [source for source in sources if source.columns and name in source.columns]
    unknown = [source for source in sources if source.columns is None and not source.missing]
    if (len(known) == 1 or (known and name in frame.merged)) and not unknown:
        return _reference(known[0], name)
    if len(known) > 1:
        return Reference(kind="ambiguous", key=name, origin=(known[0].columns or {})[name])
    if unknown and table and not known:
        origin = Origin(table=unknown[0].table, column=name)
        return Reference(kind="column", key=f"{unknown[0].key}.{name}", origin=origin)
    if unknown:
        return _open(node, sources)
    if any(source.missing for source in sources):
        return Reference(kind="missing", key=f"{table}.{name}" if table else name)
    if name in ROW_IDS and any(source.table for source in sources):
        return _row_id([source for source in sources if source.table], name)
    return None


def _reference(source: Source, name: str) -> Reference:
    columns = source.columns or {}
    key = f"{source.key}.{list(columns).index(name)}" if not source.table else ""
    return Reference(kind="column", key=key or f"{source.key}.{name}", origin=columns[name])


def _open(node: exp.Column, sources: list[Source]) -> Reference:
    """Without a schema a bare name belongs to the only table there is, or to any of them."""
    label = sources[0].table if len(sources) == 1 else ""
    name = f'"{node.name}"' if node.this.args.get("quoted") else node.name.lower()
    return Reference(kind="open", key=name, origin=Origin(table=label, column=node.name.lower()))


def _row_id(tables: list[Source], name: str) -> Reference:
    if len(tables) > 1:
        return Reference(kind="ambiguous", key=name)
    source = tables[0]
    return Reference(
        kind="column", key=f"{source.key}.rowid", origin=Origin(table=source.table, column="rowid")
    )
