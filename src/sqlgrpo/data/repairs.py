"""Repair what is certain in a careless gold, and count it; nothing is changed silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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

STRING = TokenType.STRING
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
    """The examples with the repairs that their quirks call for, listed in ``repaired``."""
    examples, changed = _with_golds(loaded.examples, _quoted)
    return replace(loaded, examples=examples).with_repaired("double_quoted_strings", changed)


def spelled_as_asked(examples: Sequence[Example]) -> tuple[list[Example], set[str]]:
    """The examples with their golds in the case of the question, and the ids of those changed.

    For examples to train on, once they are split: what an example says decides where it goes.
    """
    return _with_golds(examples, _in_question_case)


def _with_golds(
    examples: Sequence[Example], repair: Callable[[Example], str]
) -> tuple[list[Example], set[str]]:
    golds = [repair(example) for example in examples]
    pairs = [*zip(examples, golds, strict=True)]
    changed = {example.id for example, gold in pairs if example.gold_sql != gold}
    return [e if e.gold_sql == g else replace(e, gold_sql=g) for e, g in pairs], changed


def _quoted(example: Example) -> str:
    if not example.quirks.double_quoted_strings:
        return example.gold_sql
    return standard_strings(example.gold_sql, example.dialect)


def _in_question_case(example: Example) -> str:
    if not example.quirks.casefold_text:
        return example.gold_sql
    return in_question_case(example.gold_sql, example.question, example.dialect)


def in_question_case(sql: str, question: str, dialect: str = "sqlite") -> str:
    """The query with its strings as the question spells them, where only their case differs.

    Where text compares without regard to case that means the same, and a string that can be copied
    is learned sooner than one that must be turned into lower case, piece by piece.

    >>> in_question_case("SELECT a FROM t WHERE b = 'toronto'", "Who plays in Toronto?")
    "SELECT a FROM t WHERE b = 'Toronto'"
    """
    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except TokenError:
        return sql
    for token in reversed(tokens):
        at = _place(token.text.strip("%"), question) if token.token_type is STRING else -1
        if at >= 0 and sql[token.start] == "'":
            core = token.text.strip("%")
            text = token.text.replace(core, question[at : at + len(core)]).replace("'", "''")
            sql = f"{sql[: token.start]}'{text}'{sql[token.end + 1 :]}"
    return sql


def _place(text: str, question: str) -> int:
    """Where the question has the text, between word boundaries, in its own or another case."""
    if not text or text in question:
        return -1
    found = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", question, re.IGNORECASE)
    return found.start() if found and len(found.group()) == len(text) else -1


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
