"""SQL as SQLite should run it, given how the example's author wrote.

The same reading applies to the gold and to every prediction, so it can favour neither.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot.errors import SqlglotError

from sqlgrpo.parsers.lexer import TOKEN
from sqlgrpo.types import Quirks

FORMATS = {"strftime", "printf", "format"}
"""Functions whose first argument is a format, in which case has a meaning."""


@lru_cache(maxsize=16_384)
def to_sqlite(sql: str, dialect: str, quirks: Quirks) -> str:
    """The query in SQLite's dialect and in the reading that the quirks ask for.

    >>> to_sqlite('SELECT "a" FROM t', "sqlite", Quirks(double_quoted_strings=True))
    "SELECT 'a' FROM t"
    >>> to_sqlite("SELECT 'Bo' FROM t", "sqlite", Quirks(casefold_text=True))
    "SELECT 'bo' FROM t"
    """
    if dialect != "sqlite":
        sql = _transpiled(sql, dialect)
    if not (quirks.double_quoted_strings or quirks.casefold_text):
        return sql
    return "".join(_rewritten(sql, quirks))


def _transpiled(sql: str, dialect: str) -> str:
    """The text as it is when sqlglot cannot read it: SQLite will say what is wrong."""
    try:
        return ";".join(sqlglot.transpile(sql, read=dialect, write="sqlite"))
    except SqlglotError:
        return sql


def _rewritten(sql: str, quirks: Quirks) -> list[str]:
    parts: list[str] = []
    words: list[str] = ["", ""]  # the last two tokens, to see a format coming
    for match in TOKEN.finditer(sql):
        kind, text = match.lastgroup, match.group()
        if kind == "double" and quirks.double_quoted_strings:
            kind, text = "string", _requoted(text)
        if kind == "string" and quirks.casefold_text and not _is_format(words):
            text = text.lower()
        parts.append(text)
        if kind != "space":
            words = [words[1], text.lower()]
    return parts


def _requoted(text: str) -> str:
    return "'" + text[1:-1].replace('""', '"').replace("'", "''") + "'"


def _is_format(words: list[str]) -> bool:
    return words[1] == "(" and words[0] in FORMATS
