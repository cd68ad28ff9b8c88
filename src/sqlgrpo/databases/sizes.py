"""Guards of a prediction on how much there is: rows of a table, letters of a text, other tables.

``... WHERE (SELECT COUNT(*) FROM t) < 20`` changes nothing on small databases. So the numbers
beside counts, limits and lengths get databases of just that size and one more, and a table that
only the prediction reads is also empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.flavours import Flavour
from sqlgrpo.databases.profile import COMPARISONS, Condition, Places, Profile, constant
from sqlgrpo.parsers.schema import Schema

LARGEST = 200  # rows or letters; larger numbers are not followed
MOST = 3  # sizes followed for one prediction, the largest
ENDS = (exp.And, exp.Or, exp.Where, exp.Having, exp.Join, exp.From, exp.CTE, exp.Order, exp.Group)


def read_sizes(profile: Profile, query: exp.Expr, schema: Schema) -> set[int]:
    """Numbers that rows may be counted against; those beside lengths go into the profile."""
    places = Places(query, schema)
    found: set[int] = set()
    for node in query.walk():
        if isinstance(node, exp.Count):
            found.update(_beside(node))
        elif isinstance(node, (exp.Length, exp.Substring)):
            _texts(profile, node, places)
        elif isinstance(node, (exp.Limit, exp.Offset)):
            found.update(_small(node.expression))
        elif type(node) in COMPARISONS or isinstance(node, exp.Between):
            found.update(_against_a_result(node, places))
    return set(sorted(found)[-MOST:])


def aimed(sizes: set[int], others: set[str], rows: int) -> list[Flavour]:
    """Databases of these sizes, and some in which the other tables are empty."""
    plan = [
        Flavour(rows=rows, hit=0.7, null=null, spread=8, without=frozenset({name}))
        for name in sorted(others)
        for null in (0.05, 0.4)
    ]
    for size in sorted(sizes):
        for count, spread in ((size + 1, size + 1), (size + 1, 1), (size, 4)):
            plan.append(Flavour(rows=count, hit=1, null=0, spread=spread, orphan=0, exact=True))
    return plan


def _texts(profile: Profile, node: exp.Expr, places: Places) -> None:
    columns = [place for c in node.find_all(exp.Column) if (place := places.of(c))]
    for size in {*_beside(node), *(n for part in node.iter_expressions() for n in _small(part))}:
        for place in columns:
            profile.conditions[place].append(Condition("=", size, "length"))


def _beside(node: exp.Expr) -> Iterator[int]:
    """The numbers in the expressions around a node, through scalar subqueries."""
    top = node.parent
    while top is not None and not isinstance(top, ENDS):
        if not isinstance(top, exp.Query):
            for literal in top.find_all(exp.Literal):
                yield from _small(literal)
        top = top.parent


def _against_a_result(node: exp.Expr, places: Places) -> Iterator[int]:
    """The numbers that something computed in a derived table is compared with."""
    columns = list(node.find_all(exp.Column))
    if columns and not any(places.of(column) for column in columns):
        for literal in node.find_all(exp.Literal):
            yield from _small(literal)


def _small(node: exp.Expr | None) -> Iterator[int]:
    value = constant(node)
    if isinstance(value, int) and 2 <= value <= LARGEST:
        yield value
