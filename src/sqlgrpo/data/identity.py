"""Which examples are about the same schema, and which ask for the same query shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlgrpo.types import Example

Key = tuple[str, Hashable]


def group_by_schema(examples: Iterable[Example]) -> list[list[Example]]:
    """Examples that share a database, a schema text or (without a database) a table name."""
    return _connected(examples, _schema_keys)


def group_by_query(examples: Iterable[Example]) -> list[list[Example]]:
    """Examples whose golds differ in nothing but literals."""
    return _connected(examples, lambda example: [("shape", query_shape(example.gold_sql))])


def _schema_keys(example: Example) -> list[Key]:
    text: Key = ("text", " ".join(example.schema.lower().split()))
    if example.database is not None:
        return [text, ("database", str(example.database))]
    return [text, *(("table", name) for name in table_names(example.schema, example.dialect))]


@lru_cache(maxsize=4_096)
def table_names(schema: str, dialect: str) -> tuple[str, ...]:
    """The tables that a schema creates, in lower case; none when it does not parse.

    >>> table_names("CREATE TABLE Emp (id INT); CREATE TABLE dept (id INT)", "sqlite")
    ('dept', 'emp')
    """
    try:
        statements = sqlglot.parse(schema, dialect=dialect)
    except SqlglotError:
        return ()
    creates = [node for node in statements if isinstance(node, exp.Create)]
    tables = (create.find(exp.Table) for create in creates)
    return tuple(sorted({table.name.lower() for table in tables if table is not None}))


def query_shape(sql: str) -> str:
    """A gold without its literals, case and spacing.

    >>> query_shape("SELECT a FROM t WHERE b > 3") == query_shape("select a from t where b > 4")
    True
    """
    try:
        tokens = sqlglot.tokenize(sql, read="sqlite")
    except SqlglotError:
        return sql
    literals = {"STRING", "NUMBER"}
    words = ("?" if t.token_type.name in literals else t.text.lower() for t in tokens)
    return " ".join(words)


def _connected(
    examples: Iterable[Example], keys_of: Callable[[Example], list[Key]]
) -> list[list[Example]]:
    """Groups of examples that are linked, directly or through others, by a common key."""
    parents: dict[Key, Key] = {}

    def root(key: Key) -> Key:
        while parents.setdefault(key, key) != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    keyed = [(example, keys_of(example)) for example in examples]
    for _, keys in keyed:
        for key in keys:
            parents[root(key)] = root(keys[0])
    groups: defaultdict[Key, list[Example]] = defaultdict(list)
    for example, keys in keyed:
        groups[root(keys[0])].append(example)
    return list(groups.values())
