"""What a prediction says about data that its gold does not.

``... WHERE (SELECT COUNT(*) FROM t) < 20`` changes nothing on small databases, and
``... <> 'zebra'`` nothing where there is no zebra. So every constant is read together with what
stands beside it: numbers beside something that counts rows are sizes, the others are values (or
lengths) of the columns beside them. What a prediction has beyond its gold is put to the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from sqlgrpo.databases.literals import constant
from sqlgrpo.databases.profile import COMPARISONS, Condition, Place, Places, Profile
from sqlgrpo.parsers.schema import Schema

MOST_ROWS = 2_000
"""Rows of the largest tables that are built because a query mentions such a number."""
LARGEST_GROUP, GROUPS = 500, 3
MOST_LETTERS = 20_000
FAR = 10**18
SOME_ROWS = 60
"""Rows that are tried whenever a prediction counts what its gold does not."""
ENDS = (exp.And, exp.Or, exp.Where, exp.Having, exp.Join, exp.From, exp.CTE, exp.Order, exp.Group)
BESIDE = (exp.Where, exp.Having, exp.Order, exp.Group)
COUNTS = (exp.Count, exp.Sum, exp.GroupConcat, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
COUNTING_NAMES = {"total", "string_agg", "group_concat", "json_group_array"}
DECIDES = (*COMPARISONS, exp.Between, exp.In, exp.Mod, exp.BitwiseAnd, exp.Greatest, exp.Least)
ROWIDS = {"rowid", "_rowid_", "oid"}
MOST_COLUMNS = 4  # columns that are tried without values


@dataclass(slots=True)
class Reading:
    """What one query says about sizes and constants."""

    sizes: set[int] = field(default_factory=set)
    """Numbers held against a count of rows."""
    deciding: set[int] = field(default_factory=set)
    """Those of them on which a comparison hangs."""
    lengths: set[int] = field(default_factory=set)
    """Numbers that the length of a text is compared with."""
    beside: dict[Place, set[object]] = field(default_factory=dict)
    """The constants beside each column."""
    uses: Counter[Place] = field(default_factory=Counter)
    counts: int = 0
    """Places where rows are counted or cut off."""
    tables: Counter[str] = field(default_factory=Counter)
    """How often each table is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What only the prediction says."""

    sizes: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    """Sizes that groups are tried in, the gold's included."""
    tables: tuple[str, ...] = ()
    """Tables that it reads more often than the gold."""
    columns: tuple[Place, ...] = ()
    """Columns that it uses more often than the gold."""
    beside: tuple[tuple[Place, object], ...] = ()
    """The constants beside each column, the gold's included."""
    values: tuple[tuple[Place, object], ...] = ()
    """Those that the gold does not have beside this column."""
    counts: bool = False
    untestable: str = ""
    """Why no database that we build can put it to the test."""

    def into(self, profile: Profile) -> None:
        """Let the profile aim at the constants."""
        for place, value in self.beside:
            profile.conditions[place].append(Condition("=", value, "beside", guest=True))
            if isinstance(value, int):
                profile.conditions[place].append(Condition("=", value, "length", guest=True))


def read(query: exp.Expr, schema: Schema) -> Reading:
    """Read one query."""
    reader = _Reader(query, schema)
    for node in query.walk():
        reader.look(node)
    return reader.found


def doubts(gold: Reading, prediction: Reading) -> Doubts:
    """What the prediction's reading has beyond the gold's."""
    sizes = prediction.sizes - gold.sizes
    larger = _beyond(MOST_ROWS, prediction.deciding, gold.deciding)
    longer = _beyond(MOST_LETTERS, prediction.lengths, gold.lengths)
    beside = tuple(
        (place, value)
        for place, values in sorted(prediction.beside.items())
        for value in sorted(values, key=repr)
    )
    why = ""
    if larger:
        why = f"guard not testable: no database that we build holds {min(larger)} rows"
    elif longer:
        why = f"guard not testable: no text that we make has {min(longer)} letters"
    return Doubts(
        sizes=tuple(sorted(n for n in sizes if n <= MOST_ROWS)),
        groups=tuple(sorted(n for n in prediction.sizes if n <= LARGEST_GROUP)[-GROUPS:]),
        tables=tuple(sorted(prediction.tables - gold.tables)),
        columns=_more(prediction.uses, gold.uses),
        beside=beside,
        values=tuple((p, value) for p, value in beside if value not in gold.beside.get(p, ())),
        counts=prediction.counts > gold.counts,
        untestable=why,
    )


def _more(places: Counter[Place], known: Counter[Place]) -> tuple[Place, ...]:
    return tuple(place for place, _ in (places - known).most_common(MOST_COLUMNS))


def _beyond(most: int, numbers: set[int], known: set[int]) -> list[int]:
    """Numbers that are out of reach and not the gold's either (``> 5000`` is ``>= 5001``)."""
    return [n for n in numbers if n > most and not known & {n - 1, n, n + 1}]


class _Reader:
    def __init__(self, query: exp.Expr, schema: Schema) -> None:
        self._schema = schema
        self._places = Places(query, schema)
        self._counted = {
            alias.alias.lower() for alias in query.find_all(exp.Alias) if _find(alias, _counts)
        }
        self.found = Reading()

    def look(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Column):
            if place := self._places.of(node):
                self.found.uses[place] += 1
        elif isinstance(node, exp.Literal):
            self._literal(node)
        elif isinstance(node, exp.Table) and node.name.lower() in self._places.tables:
            self.found.tables[node.name.lower()] += 1
        elif isinstance(node, (exp.Limit, exp.Offset)) or _counts(node):
            self.found.counts += 1

    def _literal(self, literal: exp.Literal) -> None:
        value = constant(literal)
        cut = literal.find_ancestor(exp.Limit, exp.Offset, exp.Select)
        if isinstance(cut, (exp.Limit, exp.Offset)):
            self._size(value)
            inner = cut.parent is not None and cut.parent.parent is not None
            if isinstance(cut, exp.Offset) and inner and isinstance(value, int):
                self.found.deciding.add(value)
            return
        around = list(_around(literal))
        if not around:
            return
        top, decides = around[-1], any(isinstance(node, DECIDES) for node in around)
        if _find(top, _counts) or _find(top, self._is_counted):
            self._size(value)
            self._product(top)
            if decides and isinstance(value, (int, float)) and _may_be_reached(literal, top):
                self.found.deciding.add(int(min(value, FAR)))
        self._beside(top, value, decides=decides)

    def _size(self, value: object) -> None:
        if isinstance(value, (int, float)) and 1 <= value < FAR:
            self.found.sizes.add(int(value))

    def _product(self, top: exp.Expr) -> None:
        """``COUNT(*) / 7 < 30`` takes 210 rows."""
        product = 1.0
        for node in top.walk(prune=_is_clause):
            value = constant(node) if isinstance(node, exp.Literal) else None
            if isinstance(value, (int, float)) and value >= 1:
                product *= value
        if product <= MOST_ROWS:
            self._size(product)

    def _beside(self, top: exp.Expr, value: object, *, decides: bool) -> None:
        values = {value, -value} if isinstance(value, (int, float)) else {value}
        lengthy = decides and _find(top, _is_length)
        for node in top.walk(prune=_is_clause):
            if not isinstance(node, exp.Column):
                continue
            place = self._places.of(node)
            for found in [place] if place else self._rowids(node):
                self.found.beside.setdefault(found, set()).update(values)
                column = self._schema.column(*found)
                texts = column is not None and column.affinity == "text"
                if lengthy and texts and isinstance(value, int):
                    self.found.lengths.add(value)

    def _is_counted(self, node: exp.Expr) -> bool:
        """A column that a derived table computes, or the number of a row."""
        if not isinstance(node, exp.Column) or self._places.of(node):
            return False
        return node.name.lower() in self._counted or not self._rowids(node)

    def _rowids(self, column: exp.Column) -> list[Place]:
        """The keys that ``rowid`` may stand for."""
        if column.name.lower() not in ROWIDS:
            return []
        tables = [self._schema.table(name) for name in sorted(self._places.tables)]
        return [
            (table.name.lower(), table.primary_key[0].lower())
            for table in tables
            if table and len(table.primary_key) == 1
        ]


def _around(node: exp.Expr) -> Iterator[exp.Expr]:
    """The expressions around a constant, from the inside out, through scalar subqueries."""
    top = node.parent
    while top is not None and not isinstance(top, ENDS):
        if not isinstance(top, (exp.Query, exp.Alias)):
            yield top
        top = top.parent


def _may_be_reached(literal: exp.Literal, top: exp.Expr) -> bool:
    """Whether it takes so many rows, and not only large values, to come by a number."""
    if not _find(top, _counts_alone):
        return False
    turned = any(isinstance(n, exp.Sub) or _is_negated(n) for n in top.walk(prune=_is_clause))
    return turned or not isinstance(literal.parent, exp.Neg)


def _is_negated(node: exp.Expr) -> bool:
    return isinstance(node, exp.Neg) and not isinstance(node.this, exp.Literal)


def _counts_alone(node: exp.Expr) -> bool:
    """Not a sum of values, which a single row can make large."""
    if isinstance(node, exp.Sum):
        return isinstance(node.this.unnest(), (exp.Literal, exp.Case, exp.If, exp.Predicate))
    return isinstance(node, COUNTS)


def _find(top: exp.Expr, test: Callable[[exp.Expr], bool]) -> bool:
    return any(test(node) for node in top.walk(prune=_is_clause))


def _is_clause(node: exp.Expr) -> bool:
    return isinstance(node, BESIDE)


def _counts(node: exp.Expr) -> bool:
    named = isinstance(node, exp.Anonymous) and str(node.this).lower() in COUNTING_NAMES
    return named or isinstance(node, COUNTS)


def _is_length(node: exp.Expr) -> bool:
    return isinstance(node, exp.Length)
