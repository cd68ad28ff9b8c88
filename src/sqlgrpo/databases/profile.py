"""What a query says about data: the constants it compares each column with, and its joins.

Contents are made from this, so that conditions are met, missed and met at their boundary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from sqlgrpo.databases.functions import DATES
from sqlgrpo.databases.literals import bare, constant, pairs, pattern, result_of, undone
from sqlgrpo.parsers.schema import Schema

Place = tuple[str, str]
"""A column of the schema: table and column in lower case."""

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NullSafeEQ: "=",
    exp.Is: "=",
    exp.NEQ: "!=",
    exp.NullSafeNEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Like: "like",
    exp.Glob: "like",
    exp.ILike: "like",
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
NUMERIC_USES = (
    *(exp.Sum, exp.Avg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Abs, exp.Round),
)

MEASURES = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Ordered)
FEW = 40  # largest count of rows that every database is made to reach


@dataclass(frozen=True, slots=True)
class Condition:
    """A column compared with a constant; ``through`` names a function applied to it first.

    The operators ``date`` and ``cast`` only say how the column is used.
    """

    operator: str
    value: object
    through: str = ""
    guest: bool = False
    """Only the prediction says so: it cannot tell what the column holds."""


@dataclass(slots=True)
class Profile:
    """Everything a few queries over one schema mention."""

    conditions: dict[Place, list[Condition]] = field(default_factory=lambda: defaultdict(list))
    joins: set[tuple[Place, Place]] = field(default_factory=set)
    used: set[Place] = field(default_factory=set)
    numeric: set[Place] = field(default_factory=set)
    """Columns that are added up, averaged or calculated with."""
    measured: set[Place] = field(default_factory=set)
    """Columns that are aggregated or sorted by: different values tell more rows apart."""
    counts: set[int] = field(default_factory=set)
    """Small numbers that are compared with counts or limit the rows."""
    loose: set[object] = field(default_factory=set)
    """Constants compared with something other than a column."""
    sums: set[Place] = field(default_factory=set)
    """Columns that are compared with an aggregate."""
    tables: set[str] = field(default_factory=set)
    guest: bool = False
    """Whether the query being read is a prediction."""

    def read(self, query: exp.Expr, schema: Schema, *, guest: bool = False) -> Profile:
        """Add what one query says; returns itself."""
        self.guest = guest
        places = Places(query, schema)
        self.tables |= places.tables
        for column in query.find_all(exp.Column):
            if place := places.of(column):
                self.used.add(place)
        for node in query.walk():
            if type(node) in COMPARISONS:
                for left, right in pairs(node.this, pattern(node)):
                    self._comparison(COMPARISONS[type(node)], left, right, places)
            elif isinstance(node, exp.Between):
                self._add(node.this, ">=", node.args["low"], places)
                self._add(node.this, "<=", node.args["high"], places)
            elif isinstance(node, exp.In):
                self._membership(node, places)
            elif isinstance(node, exp.Case) and node.this:
                for branch in node.args["ifs"]:
                    self._comparison("=", node.this, branch.this, places)
            elif isinstance(node, (exp.Limit, exp.Offset)):
                self._count(constant(node.expression))
            if isinstance(node, NUMERIC_USES):
                self._arithmetic(node, places)
            if use := _special_use(node):
                for column in node.find_all(exp.Column):
                    if place := places.of(column):
                        self.conditions[place].append(Condition(use, None, use, guest))
            if isinstance(node, MEASURES) and (place := places.of(node.this)):
                self.measured.add(place)
        return self

    def _comparison(self, operator: str, left: exp.Expr, right: exp.Expr, places: Places) -> None:
        if constant(left) is not None and constant(right) is None:
            left, right = right, left
            operator = MIRRORED.get(operator, operator)
        if constant(right) is not None:
            self._add(left, operator, right, places)
            return
        sides = [places.of(result_of(side)) for side in (left, right)]
        if sides[0] and sides[1] and sides[0] != sides[1]:
            self.joins.add((sides[0], sides[1]))
        for place, other in zip(sides, (right, left), strict=True):
            if place and other.find(exp.AggFunc):
                self.sums.add(place)

    def _membership(self, node: exp.In, places: Places) -> None:
        for item in node.expressions:
            for row in item.expressions if isinstance(item, exp.Values) else [item]:
                for left, right in pairs(node.this, row):
                    self._add(left, "=", right, places)
        inner = node.args.get("query")
        select = inner.find(exp.Select) if inner else None
        if select and select.expressions:
            ends = places.of(node.this), places.of(select.expressions[0].unalias())
            if ends[0] and ends[1] and ends[0] != ends[1]:
                self.joins.add((ends[0], ends[1]))

    def _add(self, side: exp.Expr, operator: str, value: exp.Expr, at: Places) -> None:
        found = constant(value)
        if found is None:
            return
        side = bare(side)
        if isinstance(side, (exp.Count, exp.AggFunc)):
            self._count(found)
        if isinstance(side, exp.Subquery) and side.find(exp.Count):
            self._count(found)
            return
        columns = [side] if isinstance(side, exp.Column) else []
        through = "" if columns else type(side).__name__.lower()
        before = undone(side, found)
        for column in columns or list(side.find_all(exp.Column)):
            if place := at.of(column):
                self.conditions[place].append(Condition(operator, found, through, self.guest))
                if before is not None:
                    self.conditions[place].append(Condition(operator, before, through, self.guest))
                return
        self.loose.add(found)

    def _count(self, value: object) -> None:
        if isinstance(value, int) and 0 <= value <= FEW:
            self.counts.add(value)
        elif value is not None:
            self.loose.add(value)

    def _arithmetic(self, node: exp.Expr, places: Places) -> None:
        for side in (node.this, node.args.get("expression")):
            place = places.of(side.unnest()) if isinstance(side, exp.Expr) else None
            if place:
                self.numeric.add(place)


def _special_use(node: exp.Expr) -> str:
    """``date`` or ``cast`` where a function expects text of a certain form."""
    if isinstance(node, (exp.TimeToStr, exp.Date, exp.TsOrDsToTimestamp)):
        return "date"
    if isinstance(node, exp.Anonymous) and str(node.this).lower() in DATES:
        return "date"
    if isinstance(node, exp.Cast) and not node.to.is_type("text", "varchar"):
        return "cast"
    return "cast" if isinstance(node, NUMERIC_USES) else ""


class Places:
    """Finds the column of the schema that a name in a query stands for."""

    def __init__(self, query: exp.Expr, schema: Schema) -> None:
        self._schema = schema
        self._sources: dict[int, dict[str, str | exp.Expr]] = {}
        self._named = {cte.alias.lower(): cte.this for cte in query.find_all(exp.CTE) if cte.alias}
        self.tables: set[str] = set()
        for select in query.find_all(exp.Select):
            self._sources[id(select)] = dict(self._from(select))

    def of(self, node: object) -> Place | None:
        """The column behind this expression, through aliases of derived tables."""
        return self._find(node, 0) if isinstance(node, exp.Column) else None

    def aliases(self, select: exp.Select) -> list[str]:
        """The names by which a query calls its tables."""
        return list(self._sources.get(id(select), {}))

    def _from(self, select: exp.Select) -> Iterator[tuple[str, str | exp.Expr]]:
        joins = select.args.get("joins") or []
        start = select.args.get("from_") or select.args.get("from")
        for item in [start, *joins]:
            source = item.this if item is not None else None
            if isinstance(source, exp.Table):
                name = source.name.lower()
                if name in self._named:
                    yield source.alias_or_name.lower(), self._named[name]
                elif self._schema.table(name):
                    self.tables.add(name)
                    yield source.alias_or_name.lower(), name
            elif isinstance(source, exp.Subquery):
                yield source.alias.lower(), source.this

    def _find(self, column: exp.Column, depth: int) -> Place | None:
        if depth > 8:
            return None
        select = column.find_ancestor(exp.Select)
        while select is not None:
            for alias, source in self._sources.get(id(select), {}).items():
                if column.table and column.table.lower() != alias:
                    continue
                if place := self._within(source, column.name.lower(), depth):
                    return place
            select = select.find_ancestor(exp.Select)
        return None

    def _within(self, source: str | exp.Expr, name: str, depth: int) -> Place | None:
        if isinstance(source, str):
            return (source, name) if self._schema.column(source, name) else None
        inner = source.find(exp.Select)
        for projection in inner.expressions if inner else []:
            if projection.alias_or_name.lower() == name:
                found = projection.unalias()
                return self._find(found, depth + 1) if isinstance(found, exp.Column) else None
        return None
