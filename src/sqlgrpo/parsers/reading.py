"""The one place where SQL text becomes a tree.

A text that is not one query raises ``SqlSyntaxError``, which knows the line, the column and the
word where reading stopped. sqlglot forgives some things that no engine does (clauses out of order,
a comma too many), so these are checked on the tokens.
"""

from __future__ import annotations

from functools import lru_cache
from logging import ERROR, getLogger

import sqlparse
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sqlgrpo.errors import ConfigError, SqlgrpoError
from sqlgrpo.parsers.completion import is_text
from sqlgrpo.parsers.tokens import Place, misplaced, not_one_query, too_deep, unterminated
from sqlgrpo.types import Quirks

getLogger("sqlglot").setLevel(ERROR)  # its warnings are about the model's text
MAX_SQL_CHARS = 20_000
MAX_DEPTH = 200
STRICT = Quirks()
WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Alter, exp.Into)
PARSER_BUGS = (TypeError, AttributeError, IndexError, KeyError, ValueError)
"""What sqlglot's compiled parser raises by mistake on some texts that no engine accepts."""
UNFORESEEN = (*PARSER_BUGS, ArithmeticError, AssertionError, RecursionError, SqlglotError)
"""What code that reads generated SQL may raise by mistake: it costs one answer, never a run."""


class SqlSyntaxError(SqlgrpoError):
    """A text is not one query. ``line`` and ``column`` count from 1; 0 means the whole text."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0, near: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.near = message, line, column, near

    def __str__(self) -> str:
        if not self.line:
            return self.message
        near = f" near {self.near!r}" if self.near else ""
        return f"line {self.line}, column {self.column}{near}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.message, self.line, self.column, self.near)


def _restore(message: str, line: int, column: int, near: str) -> SqlSyntaxError:
    return SqlSyntaxError(message, line=line, column=column, near=near)


def read(sql: str, dialect: str = "sqlite", quirks: Quirks = STRICT) -> exp.Query:
    """Read one query. The tree is shared between callers: copy it before changing it.

    >>> read("SELECT name FROM city").find(exp.Table).name
    'city'
    >>> read("SELECT name FROM city WHERE (id = 1")
    Traceback (most recent call last):
    ...
    sqlgrpo.parsers.reading.SqlSyntaxError: line 1, column 35 near '1': expecting )
    """
    result = _read(sql, dialect, quirks.double_quoted_strings)
    if isinstance(result, SqlSyntaxError):
        raise result.with_traceback(None)
    return result


def format_sql(sql: str) -> str:
    """Lay out a query over several lines, without changing what it means.

    >>> print(format_sql("select name from city where id=1"))
    SELECT name
    FROM city
    WHERE id=1
    """
    if len(sql) > MAX_SQL_CHARS:
        return sql
    return str(sqlparse.format(sql, reindent=True, keyword_case="upper")).strip()


@lru_cache(maxsize=1_024)
def _read(sql: str, dialect: str, double_quoted_strings: bool) -> exp.Query | SqlSyntaxError:
    """Errors are returned, not raised, so that they are cached too."""
    if len(sql) > MAX_SQL_CHARS:
        return SqlSyntaxError(f"query of {len(sql)} characters, at most {MAX_SQL_CHARS}")
    if "\0" in sql:
        return SqlSyntaxError("query with a NUL character")
    if not is_text(sql):
        return SqlSyntaxError("query is not valid Unicode")
    engine = get_dialect(dialect)
    try:
        tokens = engine.tokenize(sql)
        if double_quoted_strings:
            tokens = [as_string(token, sql) for token in tokens]
        problem = not_one_query(tokens) or misplaced(tokens) or too_deep(tokens)
        if problem:
            return _located(problem)
        tree = engine.parser().parse(tokens, sql)[0]
    except TokenError:
        return _located(unterminated(sql))
    except ParseError as error:
        return _from_sqlglot(error)
    except SqlglotError as error:
        return SqlSyntaxError(str(error))
    except RecursionError:
        return SqlSyntaxError("query is nested too deeply")
    except PARSER_BUGS as error:
        return SqlSyntaxError(f"unreadable ({error})")
    return _checked(tree, tokens)


def get_dialect(name: str) -> Dialect:
    """The sqlglot dialect of that name."""
    try:
        return Dialect.get_or_raise(name)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def as_string(token: Token, sql: str) -> Token:
    """A double-quoted name as the string that its author meant; other tokens unchanged."""
    if token.token_type is not TokenType.IDENTIFIER or sql[token.start] != '"':
        return token
    return Token(
        TokenType.STRING, token.text, token.line, token.col, token.start, token.end, token.comments
    )


def _checked(tree: exp.Expr | None, tokens: list[Token]) -> exp.Query | SqlSyntaxError:
    """The tree, when it is a query that only reads and that recursive code can walk."""
    if len(tokens) > MAX_DEPTH and tree and _depth(tree) > MAX_DEPTH:
        return SqlSyntaxError("query is nested too deeply")
    if not isinstance(tree, exp.Query):
        return SqlSyntaxError("not a SELECT query")
    if tree.find(*WRITES):
        return SqlSyntaxError("query writes")
    for operation in tree.find_all(exp.SetOperation):
        if not all(isinstance(operation.args.get(s), exp.Query) for s in ("this", "expression")):
            return SqlSyntaxError(f"a side of {operation.key.upper()} is not a SELECT")
    return tree


def _depth(tree: exp.Expr) -> int:
    """Levels of the tree, counted without recursion."""
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in node.iter_expressions())
    return deepest


def _located(place: Place) -> SqlSyntaxError:
    message, line, column, near = place
    return SqlSyntaxError(message, line=line, column=column, near=near)


def _from_sqlglot(error: ParseError) -> SqlSyntaxError:
    details = error.errors[0] if error.errors else {}
    near = str(details.get("highlight") or "")
    message = str(details.get("description") or error).partition(" but got <Token")[0]
    if message.startswith("Required keyword"):
        message = "incomplete expression"
    column = int(details.get("col") or 0) - max(len(near) - 1, 0)
    message = message[:1].lower() + message[1:].rstrip(".")
    return SqlSyntaxError(
        message, line=int(details.get("line") or 0), column=max(column, 1), near=near[:40]
    )
