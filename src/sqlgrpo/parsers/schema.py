"""A schema as the example has it, CREATE TABLE statements, read into values."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.ddl import Reader, create, readable, split, unparsable
from sqlgrpo.parsers.tables import Column, ForeignKey, Schema, Table, affinity

__all__ = ["Column", "ForeignKey", "Schema", "Table", "affinity", "parse_schema"]


@lru_cache(maxsize=4096)
def parse_schema(ddl: str, dialect: str = "sqlite") -> Schema:
    """Read CREATE TABLE (and CREATE UNIQUE INDEX) statements; other statements are passed over."""
    tables: dict[str, Table] = {}
    for statement in split(list(readable(ddl, dialect)), ";"):
        reader = Reader(statement)
        if reader.take("CREATE"):
            _check_spelling(reader)
            create(reader, tables)
    if not tables:
        raise ExampleError("the schema declares no table", kind="no_tables")
    return Schema(tables=tuple(tables.values()))


def _check_spelling(reader: Reader) -> None:
    """Raise ``ExampleError`` for a CREATE TABLE that would be passed over for a slip."""
    word = token.text if (token := reader.peek()) else ""
    if word.upper() != "TABLE" and get_close_matches(word.upper(), ["TABLE"], cutoff=0.7):
        raise unparsable(f"CREATE {word} is no statement; did you mean CREATE TABLE?")
