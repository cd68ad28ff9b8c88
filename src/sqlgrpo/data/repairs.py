"""Repair what is certain in a careless gold, and count it; nothing is changed silently."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sqlgrpo.data.loaded import Loaded
from sqlgrpo.databases.kinds import inferred
from sqlgrpo.databases.profile import Profile
from sqlgrpo.parsers.reading import read
from sqlgrpo.parsers.schema import parse_schema
from sqlgrpo.types import Example

NAME_FOLLOWS = {
    TokenType.ALIAS,
    TokenType.DOT,
    TokenType.FROM,
    TokenType.GROUP_BY,
    TokenType.JOIN,
    TokenType.ORDER_BY,
    TokenType.SELECT,
}
"""After these, even MySQL's reader means a name by ``"x"``."""


def repaired(loaded: Loaded) -> Loaded:
    """The examples with the repairs that their quirks call for, counted in ``repaired``."""
    examples = [_repair(example) for example in loaded.examples]
    counts: Counter[str] = Counter(loaded.repaired)
    pairs = zip(loaded.examples, examples, strict=True)
    changed = sum(before is not after for before, after in pairs)
    if changed:
        counts["double_quoted_strings"] += changed
    return replace(loaded, examples=examples, repaired=counts)


def _repair(example: Example) -> Example:
    if not example.quirks.double_quoted_strings:
        return example
    gold = standard_strings(example.gold_sql, example.dialect)
    return example if gold == example.gold_sql else replace(example, gold_sql=gold)


def standard_strings(sql: str, dialect: str = "sqlite") -> str:
    r"""The query with double-quoted strings in standard single quotes, otherwise untouched.

    SQLite reads ``"x"`` as a column when there is one, so ``WHERE played = "played"`` compares a
    column with itself; a model must not learn that spelling.

    >>> print(standard_strings('SELECT a FROM "t" WHERE a = "a" AND b = "it\'s"'))
    SELECT a FROM "t" WHERE a = 'a' AND b = 'it''s'
    """
    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except TokenError:
        return sql  # the audit says why the gold cannot be read
    befores, afters = [None, *tokens[:-1]], [*tokens[1:], None]
    for before, token, after in reversed([*zip(befores, tokens, afters, strict=True)]):
        if _is_string(sql, before, token, after):
            text = token.text.replace("'", "''")
            sql = f"{sql[: token.start]}'{text}'{sql[token.end + 1 :]}"
    return sql


def _is_string(sql: str, before: Token | None, token: Token, after: Token | None) -> bool:
    if token.token_type is not TokenType.IDENTIFIER or sql[token.start] != '"':
        return False
    names_a_thing = before is None or before.token_type in NAME_FOLLOWS
    qualifies = after is not None and after.token_type is TokenType.DOT
    return not names_a_thing and not qualifies


def retyped(example: Example) -> bool:
    """Whether ``infer_types`` changes how a column of this sound example is read.

    The schema that the model reads stays as it is: its databases hold numbers where it says text.
    """
    if not example.quirks.infer_types:
        return False
    schema = parse_schema(example.schema, example.dialect)
    gold = read(example.gold_sql, example.dialect, example.quirks)
    return inferred(schema, Profile().read(gold, schema), example.quirks) != schema
