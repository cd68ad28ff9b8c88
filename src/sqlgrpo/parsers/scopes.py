"""What every name in a query refers to, by SQLite's scope rules.

``resolve`` walks a tree once, through joins, aliases, CTEs, derived tables and correlated
subqueries, and gives each column a ``Reference``. Without a schema it says only what the query
itself makes certain.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain

from sqlglot import exp

from sqlgrpo.parsers.reading import STRICT, read
from sqlgrpo.parsers.references import Frame, Origin, Outputs, Reference, Source, find, has
from sqlgrpo.parsers.schema import Schema, Table, parse_schema
from sqlgrpo.types import Quirks

LIMITS = ("limit", "offset")


@dataclass(slots=True)
class Resolution:
    """A query with every name in it explained. References are kept by ``id`` of the tree's node."""

    tree: exp.Query
    references: dict[int, Reference] = field(default_factory=dict)
    sources: dict[int, Source] = field(default_factory=dict)
    using: list[tuple[str, bool]] = field(default_factory=list)
    """Columns named in USING, and whether both sides have them."""

    def reference(self, column: exp.Column) -> Reference:
        return self.references.get(id(column)) or Reference(kind="open", key=column.name)


def resolve_sql(
    sql: str, dialect: str = "sqlite", quirks: Quirks = STRICT, ddl: str = ""
) -> Resolution:
    """Read a query and resolve its names against CREATE TABLE statements.

    Raises ``SqlSyntaxError``. Texts are the cache's key: their hashes cost nothing.
    """
    return _resolve_cached(sql, dialect, quirks, ddl)


@lru_cache(maxsize=1_024)
def _resolve_cached(sql: str, dialect: str, quirks: Quirks, ddl: str) -> Resolution:
    schema = parse_schema(ddl, dialect) if ddl else None
    return resolve(read(sql, dialect, quirks), schema)


def resolve(tree: exp.Query, schema: Schema | None = None) -> Resolution:
    """Explain every name in a query.

    >>> tree = read("SELECT c.name FROM city AS c")
    >>> resolve(tree).reference(tree.find(exp.Column)).origin.label
    'city.name'
    """
    resolver = _Resolver(Resolution(tree=tree), schema)
    resolver.query(tree, Frame())
    return resolver.result


def output_name(projection: exp.Expr) -> str:
    """The lower-case name under which a projection can be referred to, or an empty string."""
    if isinstance(projection, (exp.Alias, exp.Column)):
        return projection.alias_or_name.lower()
    return ""


@dataclass(slots=True)
class _Resolver:
    result: Resolution
    schema: Schema | None
    _uses: Counter[str] = field(default_factory=Counter)

    def query(self, node: exp.Expr, around: Frame) -> Outputs:
        """Resolve a query and say which columns it returns."""
        ctes = self._ctes(node, around)
        around = Frame(sources=[], outer=around.outer, ctes=ctes)
        if isinstance(node, exp.Select):
            return self._select(node, around)
        if isinstance(node, exp.SetOperation):
            outputs = self.query(node.left, around)
            self.query(node.right, around)
        elif isinstance(node, exp.Subquery):
            outputs = self.query(node.this, around)
        else:
            return None
        self._tail(node, outputs, around)
        return outputs

    def _ctes(self, node: exp.Expr, around: Frame) -> dict[str, Source]:
        """The CTEs that a query sees; each one also sees those before it, and itself."""
        with_ = node.args.get("with_")
        ctes = dict(around.ctes)
        for cte in with_.expressions if with_ else []:
            name = cte.alias.lower()
            given = [column.name.lower() for column in cte.args["alias"].columns]
            itself = Source(key=self._key("cte"), alias=name, columns=_named(given))
            inner = Frame(outer=around.outer, ctes={**ctes, name: itself})
            outputs = self.query(cte.this, inner)
            columns = _renamed(outputs, given)
            ctes[name] = Source(key=itself.key, alias=name, columns=columns)
        return ctes

    def _select(self, node: exp.Select, around: Frame) -> Outputs:
        frame = Frame(
            sources=[],
            aliases={output_name(p): p.this for p in node.expressions if isinstance(p, exp.Alias)},
            outer=around.outer,
            ctes=around.ctes,
        )
        from_ = node.args.get("from_")
        items = [from_, *node.args.get("joins", [])] if from_ else []
        conditions = [on for item in items for on in self._item(item, frame)]
        for condition in conditions:  # SQLite lets ON name a table that is joined later
            self._names(condition, frame)
        for projection in node.expressions:
            self._names(projection, replace(frame, aliases={}))
        for clause in ("where", "group", "having", "distinct", "order", *LIMITS):
            self._names(node.args.get(clause), frame)
        for window in node.args.get("windows") or []:
            self._names(window, frame)
        return self._outputs(node, frame)

    def _item(self, item: exp.Expr, frame: Frame) -> list[exp.Expr]:
        """Add one FROM or JOIN item, with the items nested in it; return the ON conditions."""
        before = list(frame.sources)
        thing = item.this
        conditions: list[exp.Expr] = []
        if isinstance(thing, exp.Subquery) and isinstance(thing.this, (exp.Table, exp.Subquery)):
            conditions += self._item(thing, frame)
        elif isinstance(thing, exp.Subquery):
            columns = self.query(thing, Frame(outer=frame.outer, ctes=frame.ctes))
            source = Source(key=self._key("query"), alias=thing.alias.lower(), columns=columns)
            self._add(thing, source, frame)
        elif isinstance(thing, exp.Table):
            self._add(thing, self._table(thing, frame), frame)
        for nested in thing.args.get("joins") or []:
            conditions += self._item(nested, frame)
        self._merge(item, before, frame)
        on = item.args.get("on")
        return [*conditions, on] if on is not None else conditions

    def _add(self, node: exp.Expr, source: Source, frame: Frame) -> None:
        self.result.sources[id(node)] = source
        frame.sources.append(source)

    def _table(self, node: exp.Table, frame: Frame) -> Source:
        name, alias = node.name.lower(), node.alias_or_name.lower()
        cte = frame.ctes.get(name) if not node.db else None
        if cte:
            return Source(key=self._key(cte.key), alias=alias, columns=cte.columns)
        key = self._key(name)
        if self.schema is None:
            return Source(key=key, alias=alias, table=name)
        table = self.schema.table(name) if node.db.lower() in ("", "main") else None
        if table is None:
            return Source(key=key, alias=alias, table=name, missing=True)
        return Source(key=key, alias=alias, table=name, columns=_columns(table))

    def _key(self, name: str) -> str:
        self._uses[name] += 1
        return f"{name}#{self._uses[name]}"

    def _merge(self, item: exp.Expr, before: list[Source], frame: Frame) -> None:
        """USING and NATURAL compare columns by name and make them one."""
        right = frame.sources[len(before) :]
        for column in item.args.get("using") or []:
            name = column.name.lower()
            both = all(any(has(source, name) for source in side) for side in (before, right))
            self.result.using.append((name, both))
            frame.merged.add(name)
        if item.args.get("method") == "NATURAL":
            names = [set(chain(*(s.columns or {} for s in side))) for side in (before, right)]
            frame.merged.update(names[0] & names[1])

    def _tail(self, node: exp.Expr, outputs: Outputs, around: Frame) -> None:
        """ORDER BY and LIMIT of a set operation see only the columns that it returns."""
        source = Source(key="result", alias="", columns=outputs)
        frame = Frame(sources=[source], outer=around.outer, ctes=around.ctes)
        for clause in ("order", *LIMITS):
            self._names(node.args.get(clause), frame)

    def _names(self, root: exp.Expr | None, frame: Frame) -> None:
        """Resolve every column below a node; queries inside it see this frame as their outer."""
        stack = [root] if root is not None else []
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Query):
                self.query(node, Frame(outer=frame, ctes=frame.ctes))
            elif isinstance(node, exp.Column):
                if not isinstance(node.this, exp.Star):
                    self.result.references[id(node)] = find(node, frame)
            else:
                stack.extend(node.iter_expressions())

    def _outputs(self, node: exp.Select, frame: Frame) -> Outputs:
        outputs: dict[str, Origin] = {}
        for index, projection in enumerate(node.expressions):
            if projection.is_star:
                qualifier = projection.args.get("table")
                wanted = qualifier.name.lower() if qualifier else ""
                for source in frame.sources:
                    if source.columns is None:
                        return None
                    if wanted in ("", source.alias):
                        outputs = {**source.columns, **outputs}
                continue
            name = output_name(projection) or f"?{index}"
            outputs.setdefault(name, self._origin(projection.unalias()))
        return outputs

    def _origin(self, node: exp.Expr) -> Origin:
        if isinstance(node, exp.Column):
            return self.result.reference(node).origin
        return Origin()


def _columns(table: Table) -> dict[str, Origin]:
    return {
        column.name.lower(): Origin(
            table=table.name.lower(), column=column.name.lower(), declared=column
        )
        for column in table.columns
    }


def _named(names: list[str]) -> Outputs:
    return {name: Origin() for name in names} or None


def _renamed(outputs: Outputs, names: list[str]) -> Outputs:
    """A CTE's columns under the names that its head gives them."""
    if not names:
        return outputs
    origins = list(outputs.values()) if outputs else []
    origins += [Origin()] * (len(names) - len(origins))
    return dict(zip(names, origins, strict=False))
