"""SQL as SQLite should run it, given how the example's author wrote.

The same reading applies to the gold and to every prediction, so it can favour neither.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlgrpo.parsers.lexer import TOKEN
from sqlgrpo.parsers.reading import PARSER_BUGS
from sqlgrpo.types import Quirks

FORMATS = {"strftime", "printf", "format"}
"""Functions whose first argument is a format, in which case has a meaning."""

FOLDING = {"mysql", "tsql", "fabric", "doris", "starrocks", "teradata"}
"""Dialects in which LIKE takes no notice of case, as in SQLite."""
GLOBS = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}


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
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree]
        if dialect not in FOLDING:
            trees = [tree.transform(_exact_like) for tree in trees]
        return ";".join(tree.sql("sqlite") for tree in trees)
    except (SqlglotError, RecursionError, *PARSER_BUGS):
        return sql


def _exact_like(node: exp.Expr) -> exp.Expr:
    """LIKE with a plain pattern as GLOB, which tells upper from lower case."""
    pattern = node.expression if isinstance(node, exp.Like) else None
    if not isinstance(pattern, exp.Literal) or isinstance(node.parent, exp.Escape):
        return node
    if not pattern.is_string or "\\" in pattern.this:
        return node
    glob = "".join(GLOBS.get(char, char) for char in str(pattern.this))
    return exp.Glob(this=node.this, expression=exp.Literal.string(glob))


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
