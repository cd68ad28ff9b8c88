"""First tries that fail, so that a warm start can show how an error is repaired."""

from __future__ import annotations

from random import Random

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlgrpo.parsers.schema import parse_schema
from sqlgrpo.types import Example


def misnamed(example: Example) -> str | None:
    """The gold with one column called by a name that is not in its tables, as models do: the name
    of another table's column, or one that is nearly right. ``None`` when it has no column.

    >>> from sqlgrpo.types import Example
    >>> misnamed(Example(id="1", question="", schema="CREATE TABLE city (name TEXT)",
    ...                  gold_sql="SELECT name FROM city"))
    'SELECT nam FROM city'
    """
    rng = Random(example.id)
    try:
        tree = sqlglot.parse_one(example.gold_sql, read=example.dialect)
    except SqlglotError:
        return None
    columns = [c for c in tree.find_all(exp.Column) if not isinstance(c.this, exp.Star)]
    if not columns:
        return None
    column = rng.choice(sorted(columns, key=str))
    column.set("this", exp.to_identifier(_other_name(column.name, tree, example, rng)))
    return tree.sql(dialect=example.dialect)


def _other_name(name: str, tree: exp.Expr, example: Example, rng: Random) -> str:
    used = {table.name.lower() for table in tree.find_all(exp.Table)}
    schema = parse_schema(example.schema, example.dialect)
    here = {c.name.lower() for t in schema.tables if t.name.lower() in used for c in t.columns}
    elsewhere = {c.name for t in schema.tables for c in t.columns if c.name.lower() not in here}
    near = [f"{table}_{name}" for table in sorted(used)] + ([name[:-1]] if len(name) > 3 else [])
    names = [n for n in near if n.lower() not in here]
    return rng.choice([*sorted(elsewhere), *names, *names] or [name + "_"])
