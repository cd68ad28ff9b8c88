"""SQL text as a flat list of tokens, by SQLite's rules of quoting.

A tree is the right way to read a query; this is for the few jobs that must be much cheaper than a
tree or must keep the text as it is: telling a string from a name, reading CREATE TABLE with any
type name, and comparing two queries but for white space and case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\f\r]+|--[^\n]*|/\*(?!\Z).*?(?:\*/|\Z))
  | (?P<string>'(?:[^']|'')*')
  | (?P<double>"(?:[^"]|"")*")
  | (?P<name>`(?:[^`]|``)*`|\[[^\]]*\])
  | (?P<blob>[xX]'[0-9a-fA-F]*')
  | (?P<number>0[xX][0-9a-fA-F]+
      |(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[A-Za-z_0-9$\u0080-\U0010ffff]*)
  | (?P<word>[A-Za-z_\u0080-\U0010ffff][A-Za-z_0-9$\u0080-\U0010ffff]*)
  | (?P<operator>\|\||<>|<=|>=|==|!=|<<|>>|->>|->)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""Only ASCII has white space and digits: ``٣x`` is a name, ``1and`` one (bad) number."""

LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


class Token(NamedTuple):
    """One token: ``kind`` is a group of ``TOKEN``, ``text`` is exactly what was written."""

    kind: str
    text: str
    start: int

    @property
    def upper(self) -> str:
        """The keyword this may be; empty for anything quoted."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier or string without its quotes."""
        if self.kind in ("string", "double"):
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote)
        if self.kind == "name":
            return self.text[1:-1].replace("``", "`")
        return self.text


def tokens(sql: str) -> Iterator[Token]:
    """Every token but white space and comments.

    >>> [token.text for token in tokens("SELECT 'it''s' -- why\\nFROM [a b]")]
    ['SELECT', "'it''s'", 'FROM', '[a b]']
    """
    for match in TOKEN.finditer(sql):
        if match.lastgroup != "space":
            yield Token(match.lastgroup or "mark", match.group(), match.start())


def same_text(sql: str) -> str:
    """What stays of a query when only spelling that SQLite ignores is dropped.

    Two queries with the same text are the same query, so one run answers for both.

    >>> same_text("select  Name from T;") == same_text("SELECT name FROM t")
    True
    >>> same_text("SELECT 'A'") == same_text("SELECT 'a'")
    False
    """
    parts = [
        found.group() if found.lastgroup in ("string", "double") else lower(found.group())
        for found in TOKEN.finditer(sql)
        if found.lastgroup != "space"
    ]
    while parts and parts[-1] == ";":
        parts.pop()
    return " ".join(parts)


def letters(sql: str) -> str:
    """A fast look at a query: without comments, the same text implies the same letters."""
    return lower("".join(sql.split())).rstrip(";")


def has_comment(sql: str) -> bool:
    return "--" in sql or "/*" in sql


def lower(text: str) -> str:
    """Lower case as SQLite has it for names: A to Z only.

    >>> lower("ÉTAT")
    'État'
    """
    return text.lower() if text.isascii() else text.translate(LOWER)
