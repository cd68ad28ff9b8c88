"""Text in, values out: completions become ``Parsed``, SQL becomes a tree, a schema becomes tables.

To add an answer format, write a function ``completion -> Parsed`` and name it in ``PARSERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sqlgrpo.errors import unknown
from sqlgrpo.parsers.completion import parse_answer_tag, parse_completion
from sqlgrpo.types import Parsed

Parser: TypeAlias = Callable[[str], Parsed]

PARSERS: dict[str, Parser] = {
    "sql": parse_completion,
    "answer_tag": parse_answer_tag,
}


def get_parser(name: str) -> Parser:
    """The parser of that name.

    >>> get_parser("sql")("SELECT 1;").sql
    'SELECT 1'
    """
    if name not in PARSERS:
        raise unknown("parser", name, PARSERS)
    return PARSERS[name]


__all__ = ["PARSERS", "Parser", "get_parser", "parse_answer_tag", "parse_completion"]
