"""Find the one SQL query in a completion.

Reasoning in ``<think>`` is skipped. Then the first of these that occurs holds the answer: ``<sql>``
or ``<answer>`` tags, fenced blocks (``sql`` or unnamed), a bare query with or without text around
it. Two *different* answers of the same kind are no answer: a policy may not hedge its bets.
All scans are linear, and longer completions than ``MAX_CHARS`` are refused unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlgrpo.types import Parsed

MAX_CHARS = 65_536
SQL_FENCES = {"", "sql", "sqlite", "sqlite3", "mysql", "postgres", "postgresql", "duckdb"}

_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"<(/?)(sql|answer)>", re.IGNORECASE)
_FENCE = re.compile(r"```[ \t]*([A-Za-z0-9_+-]*)")
_WRITE = "INSERT|UPDATE|DELETE|DROP|CREATE|ALTER|ATTACH|PRAGMA|REPLACE|VALUES|EXPLAIN|VACUUM|BEGIN"
_STATEMENT = f"SELECT|WITH|{_WRITE}"
_QUERY = r"SELECT\b|WITH\s+(?:RECURSIVE\s+)?[\w\"`\[\]]+\s*(?:\([^()]{0,500}\)\s*)?AS\b"
_OTHER_SQL = re.compile(rf"[ \t(]*(?:--|/\*|(?:{_WRITE})\s+[\w\"`(\[*'])", re.IGNORECASE)
_LINE_START = re.compile(rf"(?:^|(?<=[\n:`]))[ \t(]*(?:{_QUERY})", re.IGNORECASE)
_INLINE = re.compile(rf"\b(?:{_QUERY})")
_ANOTHER = re.compile(
    rf"(?:;\s{{0,50}}(?=(?i:{_STATEMENT})\b)|(?<=[\n:`])[ \t(]{{0,50}}(?=(?i:SELECT)|{_STATEMENT}))"
    r"(?=\w+[\s(]{1,50}[\w*'\"`(\[])"
)
_END_OF_QUERY = re.compile(
    r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|--[^\n]*|/\*(?:.*?\*/|.*)|(;|\n[ \t\r]*\n)", re.DOTALL
)


def parse_completion(completion: str) -> Parsed:
    """Read a completion in any of the usual formats.

    >>> parse_completion("Sure:\\n```sql\\nSELECT name FROM city;\\n```\\nThat is all.").sql
    'SELECT name FROM city'
    >>> parse_completion("<sql>SELECT 1</sql> or <sql>SELECT 2</sql>").problem
    '2 answers, expected 1'
    """
    text, problem = _without_thoughts(completion)
    if problem:
        return Parsed(sql=None, problem=problem)
    for find in (_tagged, _fenced, _bare):
        answers, problem = find(text)
        if answers or problem:
            return _only(answers, problem)
    return Parsed(sql=None, problem="no SQL found")


def parse_answer_tag(completion: str) -> Parsed:
    """Read exactly one ``<answer>`` or ``<sql>`` tag; nothing else counts.

    >>> parse_answer_tag("<think>count</think><answer>SELECT 1</answer>").sql
    'SELECT 1'
    >>> parse_answer_tag("SELECT 1").problem
    'no <answer> tag'
    """
    text, problem = _without_thoughts(completion)
    if problem:
        return Parsed(sql=None, problem=problem)
    answers, problem = _tagged(text)
    return _only(answers, problem or ("" if answers else "no <answer> tag"))


def _without_thoughts(completion: str) -> tuple[str, str]:
    """The text after the reasoning, or the problem with it."""
    if len(completion) > MAX_CHARS:
        return "", f"completion of {len(completion)} characters, at most {MAX_CHARS}"
    if not is_text(completion):
        return "", "not valid Unicode"
    # A chat template may open <think> itself, so only the closing tag is certain to be here.
    text = completion.rpartition("</think>")[2]
    before, opened, _ = text.partition("<think>")
    if opened and not before.strip():
        return "", "unterminated <think>"
    if not before.strip():
        return "", "empty completion"
    return before, ""


def is_text(text: str) -> bool:
    """Whether a string can be written as UTF-8, which a half of a surrogate pair cannot."""
    return text.isascii() or not _SURROGATE.search(text)


def _only(answers: Iterable[str], problem: str) -> Parsed:
    """The one answer that all candidates agree on."""
    if problem:
        return Parsed(sql=None, problem=problem)
    distinct = dict.fromkeys(_unwrap(answer) for answer in dict.fromkeys(answers))
    if len(distinct) > 1:
        return Parsed(sql=None, problem=f"{len(distinct)} answers, expected 1")
    sql = next(iter(distinct))
    return Parsed(sql=sql) if sql else Parsed(sql=None, problem="empty answer")


def _unwrap(answer: str) -> str:
    """The SQL inside an answer, without an inner tag or fence and closing semicolons."""
    text = answer.strip()
    for find in (_tagged, _fenced):
        inner, _ = find(text)
        if len(inner) == 1:
            text = inner[0].strip()
    return text.rstrip("; \t\r\n")


def _tagged(text: str) -> tuple[list[str], str]:
    """The contents of the outermost tags."""
    answers: list[str] = []
    name, start = "", 0
    for tag in _TAG.finditer(text):
        closing, tag_name = tag[1], tag[2].lower()
        if not name and not closing:
            name, start = tag_name, tag.end()
        elif name == tag_name and closing:
            answers.append(text[start : tag.start()])
            name = ""
    return answers, f"unterminated <{name}>" if name else ""


def _fenced(text: str) -> tuple[list[str], str]:
    """The contents of the fenced blocks that hold SQL."""
    fences = list(_FENCE.finditer(text))
    answers = [
        text[opening.end() : closing.start()]
        for opening, closing in zip(fences[::2], fences[1::2], strict=False)
        if opening[1].lower() in SQL_FENCES
    ]
    unterminated = len(fences) % 2 == 1 and not answers
    return answers, "unterminated ``` fence" if unterminated else ""


def _bare(text: str) -> tuple[list[str], str]:
    """A text that is SQL from its start; else the queries in it, each up to its end."""
    text = text.strip()
    answers: list[str] = []
    start = _start_of_query(text)
    while start >= 0:
        end = _end_of_query(text, start)
        sql = text[start:end]
        if start and text[start - 1] == "`" and "`" in sql:
            sql = sql[: sql.rindex("`")]
        answers.append(sql)
        another = _ANOTHER.search(text, end)
        start = another.end() if another else -1
    return answers, ""


def _start_of_query(text: str) -> int:
    """Where the query starts a line or follows a colon; else the first upper-case SELECT."""
    if _OTHER_SQL.match(text):
        return 0  # a write or a comment is not searched for a query inside it
    match = _LINE_START.search(text) or _INLINE.search(text)
    return match.start() if match else -1


def _end_of_query(text: str, start: int) -> int:
    """Where a semicolon or a blank line outside quotes and comments ends a bare query."""
    for token in _END_OF_QUERY.finditer(text, start):
        if token[1]:
            return token.start()
    return len(text)
