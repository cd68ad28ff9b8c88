"""One text for all spellings of a query: the exact-match metric, and a key for caches."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlgrpo.parsers.canonical import Writer
from sqlgrpo.parsers.reading import STRICT, as_string, get_dialect, read
from sqlgrpo.parsers.scopes import resolve_sql
from sqlgrpo.types import Quirks

KEPT_BY_THE_TREE = (
    *(exp.Select, exp.SetOperation, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join),
    *(exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset),
    *(exp.Distinct, exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star),
    *(exp.Literal, exp.Null, exp.Boolean, exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ),
    *(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.Exists),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Case, exp.If, exp.Coalesce),
    *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Abs, exp.Lower, exp.Upper, exp.Length),
)
"""Nodes from which the query can be told exactly. sqlglot merges some others (type names in CAST,
date formats), and a query with those is compared by its tokens."""


@lru_cache(maxsize=16_384)
def normal_form(sql: str, dialect: str = "sqlite", quirks: Quirks = STRICT, ddl: str = "") -> str:
    """Canonical text of a query: equal texts mean equal queries, on every database.

    Case, quoting, white space, aliases, the order of ANDs and the spelling of numbers do not
    matter. With the schema's DDL, bare column names count as qualified. Raises ``SqlSyntaxError``.

    >>> a = normal_form("select T1.name from city as T1 where id = 1 and T1.size > 2")
    >>> b = normal_form("SELECT c.name FROM City c WHERE 2 < c.size AND ID=1")
    >>> a == b
    True
    """
    tree = read(sql, dialect, quirks)
    if not all(isinstance(node, KEPT_BY_THE_TREE) for node in tree.walk()):
        return _token_form(sql, dialect, quirks)
    return Writer(resolution=resolve_sql(sql, dialect, quirks, ddl), numbered=True).text(tree)


def _token_form(sql: str, dialect: str, quirks: Quirks) -> str:
    """The tokens, with only the case of bare words and white space evened out."""
    texts = []
    for token in get_dialect(dialect).tokenize(sql):
        kept = as_string(token, sql) if quirks.double_quoted_strings else token
        if kept.token_type is TokenType.STRING:
            texts.append("'" + kept.text.replace("'", "''") + "'")
        elif kept.token_type is TokenType.IDENTIFIER:
            texts.append(f'"{kept.text}"')
        elif kept.token_type is not TokenType.SEMICOLON:
            texts.append(kept.text.lower())
    return " ".join(texts)
