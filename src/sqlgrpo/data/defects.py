"""What is wrong with an example can often be read off its text; running it comes later.

``check`` raises ``ExampleError`` with the most telling class: a gold that names a missing column
because a space in a header became an alias is reported as the latter.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from sqlgrpo.data.kinds import broken
from sqlgrpo.data.wikisql import check_headers, check_offset
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.reading import SqlSyntaxError, read
from sqlgrpo.parsers.references import Source
from sqlgrpo.parsers.schema import Schema, Table, parse_schema
from sqlgrpo.parsers.scopes import Resolution, resolve
from sqlgrpo.types import Example

READS = ("SELECT", "WITH", "(", "VALUES")


def check(example: Example) -> None:
    """Raise ``ExampleError`` when the schema or the gold is broken as written."""
    schema = _schema(example)
    check_offset(example)
    tree = _gold(example)
    check_headers(example, tree, schema)
    resolution = resolve(tree, schema)
    _check_tables(resolution, schema)
    _check_columns(resolution, schema)


def _schema(example: Example) -> Schema:
    try:
        return parse_schema(example.schema, example.dialect)
    except ExampleError as error:
        kind = "unparsable_schema" if error.kind == "unparsable" else error.kind
        raise ExampleError(str(error), kind=kind) from error


def _gold(example: Example) -> exp.Query:
    if not example.gold_sql.upper().startswith(READS):
        first = example.gold_sql.split(maxsplit=1)[0]
        raise broken("gold_not_select", f"the gold begins with {first!r:.40}, not with SELECT")
    try:
        return read(example.gold_sql, example.dialect, example.quirks)
    except SqlSyntaxError as error:
        raise broken("unparsable_gold", f"cannot read the gold: {error}") from error


def _check_tables(resolution: Resolution, schema: Schema) -> None:
    for source in resolution.sources.values():
        if source.missing:
            known = _names(table.name for table in schema.tables)
            raise broken(
                "missing_table", f"the gold reads table {source.table!r}; the schema has {known}"
            )


def _check_columns(resolution: Resolution, schema: Schema) -> None:
    for column in resolution.tree.find_all(exp.Column):
        kind = resolution.reference(column).kind
        if kind == "missing":
            raise _missing(column, resolution, schema)
        if kind == "ambiguous":
            raise broken(
                "ambiguous_column",
                f"the gold uses column {column.name!r}, which several of its tables declare",
            )


def _missing(column: exp.Column, resolution: Resolution, schema: Schema) -> ExampleError:
    """A column that nothing declares, and whether the generator lost the table's columns."""
    alias = column.table.lower()
    sources = list(resolution.sources.values())
    owners = [source for source in sources if source.alias == alias] if alias else sources
    tables = [table for table in (_table(source, schema) for source in owners) if table]
    lost = [table.name for table in tables if is_placeholder(table)]
    if lost:
        return broken(
            "placeholder_table",
            f"the gold uses column {column.name!r}; table {lost[0]!r} has only a placeholder Id",
        )
    declared = "; ".join(
        f"{table.name} has {_names(c.name for c in table.columns)}" for table in tables
    )
    return broken(
        "missing_column",
        f"the gold uses column {column.sql()!r}, which nothing declares"
        + (f" ({declared})" if declared else ""),
    )


def _table(source: Source, schema: Schema) -> Table | None:
    return schema.table(source.table) if source.table else None


def is_placeholder(table: Table) -> bool:
    """Whether a table has but the ``Id`` that sql-create-context gives when it knows no column."""
    return len(table.columns) == 1 and table.columns[0].name == "Id"


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
