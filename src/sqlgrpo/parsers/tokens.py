"""Checks on SQL tokens for mistakes that sqlglot's parser lets pass.

Each finding is ``(message, line, column, near)``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

Place: TypeAlias = tuple[str, int, int, str]

CLAUSES: dict[TokenType, int] = {
    TokenType.SELECT: 0,
    TokenType.FROM: 1,
    TokenType.WHERE: 2,
    TokenType.GROUP_BY: 3,
    TokenType.HAVING: 4,
    TokenType.ORDER_BY: 5,
    TokenType.LIMIT: 6,
    TokenType.OFFSET: 7,
}
"""Each clause and its place in a SELECT."""

QUERY_STARTS = {TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN}
SET_OPERATORS = {TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}
ENDS = {TokenType.COMMA, TokenType.R_PAREN, *CLAUSES, *SET_OPERATORS} - {TokenType.SELECT}
"""What cannot follow a comma or the word that opens a clause."""

TYPES = {word for word, kind in Tokenizer.KEYWORDS.items() if kind in Parser.TYPE_TOKENS}
UNCONDITIONAL = {TokenType.CROSS, TokenType.NATURAL}
MOST_DOUBLINGS = 10

OPENERS = {TokenType.COMMA, *CLAUSES} - {TokenType.FROM}


def not_one_query(tokens: list[Token]) -> Place | None:
    """Nothing, a statement that is no SELECT, or several statements."""
    words = [token for token in tokens if token.token_type is not TokenType.SEMICOLON]
    if not words:
        return "empty query", 0, 0, ""
    for first, second in pairwise(tokens):
        if first.token_type is TokenType.SEMICOLON and second.token_type is not first.token_type:
            return _place("second statement, expected one query", second)
    if words[0].token_type not in QUERY_STARTS:
        return _place("expected SELECT or WITH", words[0])
    return None


def misplaced(tokens: list[Token]) -> Place | None:
    """A clause out of order or given twice, or a clause or comma with nothing after it."""
    last_clauses = [-1]
    before, opener = TokenType.SEMICOLON, False
    for token in tokens:
        kind = token.token_type
        if kind in CLAUSES and _is_name(kind, before, last_clauses[-1]):
            kind = TokenType.VAR
        if opener and kind in ENDS:
            return _place(f"{_word(before)} with nothing after it", token)
        if kind is TokenType.L_PAREN:
            last_clauses.append(-1)
        elif kind is TokenType.R_PAREN and len(last_clauses) > 1:
            last_clauses.pop()
        elif kind in SET_OPERATORS:
            last_clauses[-1] = -1
        elif kind in CLAUSES:
            if CLAUSES[kind] <= last_clauses[-1]:
                return _place(f"{token.text.upper()} is out of order", token)
            last_clauses[-1] = CLAUSES[kind]
        before, opener = kind, kind in OPENERS
    return _place(f"{_word(before)} with nothing after it", tokens[-1]) if opener else None


def too_deep(tokens: list[Token]) -> Place | None:
    """What sqlglot reads in two ways, one inside the other, so that each level doubles its time.

    These are calls of type names inside each other, such as ``DATE(DATE(...))``, and joins that
    have no condition of their own.
    """
    types: list[bool] = []
    joins = [False]  # at each depth, whether a join waits for its condition
    open_joins = 0
    for before, token in pairwise([tokens[0], *tokens]):
        kind = token.token_type
        if kind in (TokenType.JOIN, TokenType.COMMA, TokenType.R_PAREN, *CLAUSES):
            open_joins += joins[-1]
            joins[-1] = kind is TokenType.JOIN and before.token_type not in UNCONDITIONAL
        elif kind in (TokenType.ON, TokenType.USING):
            joins[-1] = False
        if kind in (TokenType.L_PAREN, TokenType.L_BRACKET):
            types.append(before.token_type in Parser.TYPE_TOKENS or before.text.upper() in TYPES)
            joins.append(False)
        elif kind in (TokenType.R_PAREN, TokenType.R_BRACKET) and types:
            types.pop()
            joins.pop()
        if sum(types) > MOST_DOUBLINGS:
            return _place("nested too deeply", token)
        if open_joins > MOST_DOUBLINGS:
            return _place("too many joins without a condition", token)
    return None


def _is_name(kind: TokenType, before: TokenType, last_clause: int) -> bool:
    """Whether a clause's word is a name here, or part of ``IS DISTINCT FROM``."""
    if before in (TokenType.DOT, TokenType.ALIAS):
        return True
    if kind is TokenType.FROM:
        return before is TokenType.DISTINCT
    return kind is TokenType.OFFSET and last_clause != CLAUSES[TokenType.LIMIT]


def _word(kind: TokenType) -> str:
    return kind.name.lower() if kind is TokenType.COMMA else kind.name.replace("_", " ")


def _place(message: str, token: Token) -> Place:
    return message, token.line, max(token.col - len(token.text) + 1, 1), token.text[:40]


def unterminated(sql: str) -> Place:
    """Where the quote or comment starts that has no end.

    >>> unterminated("SELECT 'it's' FROM city")
    ("quote ' is never closed", 1, 13, "' FROM city")
    """
    position, opener = 0, ""
    while position < len(sql):
        opener = _opener(sql, position)
        if not opener:
            position += 1
            continue
        end = sql.find(_CLOSERS[opener], position + len(opener))
        if end < 0 and opener != "--":
            break
        position = len(sql) if end < 0 else end + len(_CLOSERS[opener])
    else:
        return "unreadable characters", 1, 1, sql[:40]
    line = sql.count("\n", 0, position) + 1
    column = position - sql.rfind("\n", 0, position)
    thing = "comment" if opener == "/*" else "quote"
    return f"{thing} {opener} is never closed", line, column, sql[position : position + 40]


_CLOSERS = {"'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/"}


def _opener(sql: str, position: int) -> str:
    if sql[position] in "'\"`[":
        return sql[position]
    pair = sql[position : position + 2]
    return pair if pair in ("--", "/*") else ""
