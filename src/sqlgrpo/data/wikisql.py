"""Golds that changed their meaning when headers of web tables were turned into SQL names.

A table of Wikipedia may have a column ``1949``, a column ``Home team score`` and a cell ``1,780``.
Converted carelessly, these become a constant, a column with an alias, and an OFFSET: queries that
mostly run, and never answer the question.
"""

from __future__ import annotations

import re
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import TokenType

from sqlgrpo.data.kinds import broken
from sqlgrpo.parsers.schema import Schema
from sqlgrpo.types import Example, Quirks

TRUE_OR_FALSE = {"0", "1"}


def check_offset(example: Example) -> None:
    """``attendance > 1 OFFSET 780`` was ``attendance > 1,780``.

    A real OFFSET follows LIMIT and a number; this one follows a number that was compared.
    """
    try:
        tokens = sqlglot.tokenize(example.gold_sql, read=example.dialect)
    except TokenError:
        return
    limited = False
    for before, token in pairwise(tokens):
        limited = limited or before.token_type is TokenType.LIMIT
        if token.token_type is TokenType.OFFSET and not limited:
            rest = example.gold_sql[before.start :].split()[:3]
            raise broken(
                "offset_from_thousands_separator",
                f"{' '.join(rest)!r} follows no LIMIT; it was a number such as "
                f"{before.text},{rest[-1]}",
            )


def check_headers(example: Example, tree: exp.Query, schema: Schema) -> None:
    """Columns that became a number, or a shorter column with an alias."""
    for select in _operands(tree):
        for projection in select.expressions:
            _check_projection(projection, select)
            _check_alias(projection, tree, schema, example)
    for condition in tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like):
        if _compares_constants(condition):
            raise _numeric(condition)


def _operands(tree: exp.Expr) -> list[exp.Select]:
    """The outermost SELECTs: one, or those that a set operation combines."""
    if isinstance(tree, exp.SetOperation):
        return [*_operands(tree.left), *_operands(tree.right)]
    if isinstance(tree, exp.Subquery):
        return _operands(tree.this)
    return [tree] if isinstance(tree, exp.Select) else []


def _check_projection(projection: exp.Expr, select: exp.Select) -> None:
    """``SELECT 1949 FROM t``, ``SELECT MAX(2008) FROM t``, ``SELECT 2004 / 05 FROM t``."""
    value = projection.unalias()
    if not select.args.get("from_") or value.find(exp.Column, exp.Star, exp.Query):
        return
    numbers = [node.name for node in value.find_all(exp.Literal) if not node.is_string]
    if numbers and not (isinstance(value, exp.Count) and set(numbers) <= TRUE_OR_FALSE):
        raise _numeric(value)


def _compares_constants(condition: exp.Expr) -> bool:
    """``1945 = 'a'``; the idiom ``1 = 1`` is left alone."""
    left, right = condition.this, condition.args["expression"]
    if not isinstance(left, exp.Literal) or left.is_string:
        return False
    quoted = isinstance(right, exp.Column) and right.this.args.get("quoted") and not right.table
    if not isinstance(right, exp.Literal) and not quoted:
        return False
    return not {left.name, right.name} <= TRUE_OR_FALSE


def _numeric(node: exp.Expr) -> Exception:
    return broken(
        "numeric_header_as_literal",
        f"{node.sql('sqlite')!r} is the same for every row; it was a column named by a number",
    )


def _check_alias(projection: exp.Expr, tree: exp.Query, schema: Schema, example: Example) -> None:
    """``SELECT home_team AS score`` where the question asks for the home team score."""
    if not isinstance(projection, exp.Alias) or not isinstance(projection.this, exp.Column):
        return
    column, alias = projection.this.name, projection.alias
    used = any(node.name.lower() == alias.lower() for node in tree.find_all(exp.Column))
    if used or schema.tables_with(alias) or len(schema.tables) > 1:
        return
    if _asks_for(example.question, column, alias, example.quirks):
        raise broken(
            "space_became_alias",
            f"{projection.sql('sqlite')!r}: the question speaks of one column, {column} {alias}",
        )


def _asks_for(question: str, column: str, alias: str, quirks: Quirks) -> bool:
    """Whether a question means the column whose name is both words together.

    In careless data (any quirk is on) the alias alone gives it away; elsewhere people do write
    aliases, so both must stand side by side.
    """
    asked = _words(question)
    both = _words(column) + _words(alias)
    if quirks != Quirks():
        return set(_words(alias)) <= set(asked)
    windows = (asked[at : at + len(both)] for at in range(len(asked)))
    return both in windows


def _words(text: str) -> list[str]:
    """Words in lower case; a possessive 's does not count.

    >>> _words("What's the home team's score?"), _words("home_team")
    (['what', 'the', 'home', 'team', 'score'], ['home', 'team'])
    """
    return re.findall(r"[^\W_]+", re.sub(r"['\u2019]s\b", "", text.lower()))
