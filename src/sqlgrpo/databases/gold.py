"""What the gold query allows as an answer, read from its tree.

* Its rows are ordered only if its outermost query has ORDER BY; then rows that tie on the keys may
  permute. The keys come from ``expanded``: the gold with its keys as extra columns, and uncut.
* Where the gold leaves something to chance inside (a LIMIT in a subquery whose rows tie, a bare
  column beside GROUP BY), ``readings`` are other queries that mean the same: a database on which
  they disagree says nothing about a prediction, and is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlgrpo.config import CompareConfig, LimitsConfig
from sqlgrpo.databases.compare import Comparison, GoldRows, Tie, matches, tie_runs
from sqlgrpo.databases.profile import Places
from sqlgrpo.databases.quirks import to_sqlite
from sqlgrpo.databases.sqlite import Rows, Session, refusal
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.reading import PARSER_BUGS
from sqlgrpo.parsers.schema import Schema
from sqlgrpo.types import Example


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    sql: str
    tree: exp.Query
    ordered: bool
    cut: bool
    """Whether its outermost query has LIMIT or OFFSET."""
    expanded: str = ""
    """The same rows, uncut, with the ORDER BY keys behind them; empty when that is not possible."""
    key_columns: tuple[int, ...] = ()
    """Keys that are columns of the answer itself (set operations and DISTINCT)."""
    limit: int | None = None
    offset: int = 0
    readings: tuple[str, ...] = ()


def read_gold(example: Example, schema: Schema) -> Gold:
    """Parse the gold; ``ExampleError`` when it is not one query."""
    sql = to_sqlite(example.gold_sql, example.dialect, example.quirks)
    if reason := refusal(sql, LimitsConfig()):
        raise ExampleError(f"gold fails: {reason}", kind="gold_not_select")
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree]
    except (SqlglotError, RecursionError, *PARSER_BUGS) as error:
        why = str(error).partition("\n")[0]
        raise ExampleError(f"gold does not parse: {why}", kind="gold_fails") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ExampleError("gold is not one SELECT", kind="gold_not_select")
    tree = trees[0]
    settle_quotes(tree, schema)
    ordered = tree.args.get("order") is not None
    limit, offset = _number(tree, "limit"), _number(tree, "offset")
    cut = tree.args.get("limit") is not None or tree.args.get("offset") is not None
    known = (ordered or cut) and limit is not None and offset is not None
    expanded, key_columns = _expanded(tree) if known else ("", ())
    return Gold(
        sql=sql,
        tree=tree,
        ordered=ordered,
        cut=cut,
        expanded=expanded,
        key_columns=key_columns,
        limit=None if limit is None or limit < 0 else limit,
        offset=max(offset or 0, 0),
        readings=tuple(_readings(tree)),
    )


def settle_quotes(tree: exp.Expr, schema: Schema) -> None:
    """Turn ``"x"`` into the string x where SQLite does: where there is no such column."""
    suspects = [c for c in tree.find_all(exp.Column) if c.this.args.get("quoted") and not c.table]
    if not suspects:
        return
    places = Places(tree, schema)
    aliases = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for column in suspects:
        if places.of(column) is None and column.name.lower() not in aliases:
            column.replace(exp.Literal.string(column.name))


def gold_rows(gold: Gold, session: Session, config: CompareConfig) -> GoldRows | str:
    """What the gold returns on one database, or the error that it ends with."""
    result = session.run(gold.sql)
    if result.error:
        return result.error
    plain = GoldRows(rows=result.rows, width=result.width)
    if not gold.ordered and not gold.cut:
        return plain
    exact = GoldRows(rows=result.rows, width=result.width, ties=_single(result))
    if not gold.expanded:
        return exact if gold.ordered else plain
    full = session.run(gold.expanded)
    if full.error:
        return exact if gold.ordered else plain
    rows = [row + tuple(row[i] for i in gold.key_columns) for row in full.rows]
    ties = tie_runs(rows, result.width, gold.offset, gold.limit)
    tied = GoldRows(rows=result.rows, width=result.width, ties=ties)
    return tied if matches(tied, result.rows, config) else exact


def is_certain(gold: Gold, rows: GoldRows, session: Session, config: CompareConfig) -> bool:
    """Whether every reading of the gold gives the same answer on this database."""
    for reading in gold.readings:
        other = session.run(reading)
        if not other.error and not matches(rows, other.rows, config):
            return False
    return True


def _single(result: Rows) -> tuple[Tie, ...]:
    return tuple(Tie(i, i + 1, (row,)) for i, row in enumerate(result.rows))


def _number(tree: exp.Query, name: str) -> int | None:
    """The number after LIMIT or OFFSET: -1 or 0 without one, ``None`` if it is not a literal."""
    clause = tree.args.get(name)
    if clause is None:
        return -1 if name == "limit" else 0
    value = clause.expression
    sign = 1
    if isinstance(value, exp.Neg):
        sign, value = -1, value.this
    return sign * int(value.this) if isinstance(value, exp.Literal) and value.is_int else None


def _expanded(tree: exp.Query) -> tuple[str, tuple[int, ...]]:
    uncut = tree.copy()
    uncut.set("limit", None)
    uncut.set("offset", None)
    order = uncut.args.get("order")
    terms = [term.this for term in order.expressions] if order else []
    if isinstance(uncut, exp.Select) and not uncut.args.get("distinct"):
        keys = [key for term in terms if (key := _key(term, uncut)) is not None]
        if len(keys) != len(terms):
            return "", ()
        aliased = [exp.alias_(key, f"key {i}", quoted=True) for i, key in enumerate(keys)]
        uncut.set("expressions", [*uncut.expressions, *aliased])
        return uncut.sql("sqlite"), ()
    places = [_place(term, uncut) for term in terms]
    if any(place is None for place in places):
        return "", ()
    return uncut.sql("sqlite"), tuple(place for place in places if place is not None)


def _key(term: exp.Expr, select: exp.Select) -> exp.Expr | None:
    """An ORDER BY term as an expression that may stand in the select list."""
    if isinstance(term, exp.Collate):
        return exp.Lower(this=term.this.copy())
    if (place := _place(term, select)) is not None:
        found: exp.Expr = select.expressions[place].unalias().copy()
        return found
    if isinstance(term, exp.Literal):
        return None
    aliases = {e.alias.lower(): e.this for e in select.expressions if isinstance(e, exp.Alias)}

    def resolve(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in aliases:
            return exp.paren(aliases[node.name.lower()].copy())
        return node

    return exp.paren(term.copy().transform(resolve), copy=False)


def _place(term: exp.Expr, query: exp.Query) -> int | None:
    """Which column of the answer an ORDER BY term is, if it is one."""
    outputs = query.selects
    if any(output.is_star for output in outputs):
        return None
    if isinstance(term, exp.Literal) and term.is_int:
        index = int(term.this) - 1
        return index if 0 <= index < len(outputs) else None
    name = term.name.lower() if isinstance(term, exp.Column) and not term.table else ""
    for index, output in enumerate(outputs):
        if name and isinstance(output, exp.Alias) and output.alias.lower() == name:
            return index
    for index, output in enumerate(outputs):
        if output.unalias() == term or (name and output.alias_or_name.lower() == name):
            return index
    return None


def _readings(tree: exp.Query) -> Iterator[str]:
    """The gold with what it leaves to chance settled one way, then the other."""
    for descending in (False, True):
        copy = tree.copy()
        changed = False
        for select in list(copy.find_all(exp.Select)):
            changed |= select is not copy and _settle_limit(select, descending)
            changed |= _settle_bare_columns(select, descending)
        if not changed:
            return
        yield copy.sql("sqlite")


def ordered(key: exp.Expr, *, descending: bool) -> exp.Ordered:
    """An ORDER BY term with NULLs where SQLite has them."""
    return exp.Ordered(this=key, desc=descending, nulls_first=not descending)


def _settle_limit(select: exp.Select, descending: bool) -> bool:
    if not select.args.get("limit") or any(e.is_star for e in select.expressions):
        return False
    ties = [ordered(e.unalias().copy(), descending=descending) for e in select.expressions]
    ties = [tie for tie in ties if not isinstance(tie.this, exp.Literal)]
    order = select.args.get("order")
    select.set("order", exp.Order(expressions=[*(order.expressions if order else []), *ties]))
    return bool(ties)


def _settle_bare_columns(select: exp.Select, descending: bool) -> bool:
    group = select.args.get("group")
    found = [a for e in select.expressions for a in e.find_all(exp.AggFunc)]
    aggregates = [a for a in found if _plain(a) and a.find_ancestor(exp.Select) is select]
    if not group and not aggregates:
        return False
    if len(aggregates) == 1 and isinstance(aggregates[0], (exp.Min, exp.Max)):
        return False  # SQLite takes bare columns from the row with the extreme
    keys = list(group.expressions) if group else []
    outputs = select.expressions
    keys += [outputs[int(k.this) - 1].unalias() for k in keys if isinstance(k, exp.Literal)]
    names = {k.name.lower() for k in keys if isinstance(k, exp.Column)}
    settle = exp.Max if descending else exp.Min
    changed = False
    for output in list(outputs):
        if output.unalias() in keys or output.find(exp.Window):
            continue
        for column in list(output.find_all(exp.Column)):
            inside = column.find_ancestor(exp.AggFunc, exp.Select)
            if column.name.lower() in names or inside is not select:
                continue
            if isinstance(column.this, exp.Star):
                return False
            column.replace(settle(this=column.copy()))
            changed = True
    return changed


def _plain(aggregate: exp.Expr) -> bool:
    """Whether an aggregate is not the function of a window."""
    return not isinstance(aggregate.find_ancestor(exp.Window, exp.Select), exp.Window)


def same_answer(gold: GoldRows, rows: Rows, config: CompareConfig) -> bool:
    """Whether one result, on one database, is an answer that the gold allows."""
    return not rows.error and not Comparison(config).add(gold, rows.rows, rows.width)
