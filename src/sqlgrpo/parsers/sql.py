"""SQL text as values: a tree, a located error, a layout, a structure, a normal form."""

from __future__ import annotations

from sqlgrpo.parsers.normal_form import normal_form
from sqlgrpo.parsers.reading import SqlSyntaxError, format_sql, read
from sqlgrpo.parsers.scopes import Resolution, resolve, resolve_sql
from sqlgrpo.parsers.structure import Structure, structure

__all__ = [
    "Resolution",
    "SqlSyntaxError",
    "Structure",
    "format_sql",
    "normal_form",
    "read",
    "resolve",
    "resolve_sql",
    "structure",
]
