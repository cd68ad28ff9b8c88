"""A schema as the example has it, CREATE TABLE statements, read into values."""

from __future__ import annotations

from functools import lru_cache

from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.ddl import Reader, create, readable, split
from sqlgrpo.parsers.tables import Column, ForeignKey, Schema, Table, affinity

__all__ = ["Column", "ForeignKey", "Schema", "Table", "affinity", "parse_schema"]


@lru_cache(maxsize=4096)
def parse_schema(ddl: str, dialect: str = "sqlite") -> Schema:
    """Read CREATE TABLE (and CREATE UNIQUE INDEX) statements; other statements are passed over."""
    tables: dict[str, Table] = {}
    for statement in split(list(readable(ddl, dialect)), ";"):
        reader = Reader(statement)
        if reader.take("CREATE"):
            create(reader, tables)
    if not tables:
        raise ExampleError("the schema declares no table", kind="no_tables")
    return Schema(tables=tuple(tables.values()))
