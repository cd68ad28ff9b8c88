"""What counts as the answer in a completion."""

from __future__ import annotations

import time

import pytest

from sqlgrpo.errors import ConfigError
from sqlgrpo.parsers import get_parser, parse_answer_tag, parse_completion

QUERY = "SELECT name FROM city WHERE note = 'a; b'"


@pytest.mark.parametrize(
    "completion",
    [
        QUERY,
        f"{QUERY};",
        f"  {QUERY} ;\n",
        f"```sql\n{QUERY}\n```",
        f"```\n{QUERY};\n```",
        f"```SQL\n{QUERY}\n```\nThis returns the names.",
        f"Here it is:\n```sqlite\n{QUERY}\n```\nHope it helps! ```python\nprint('SELECT 1')\n```",
        f"<sql>{QUERY}</sql>",
        f"<answer>\n{QUERY}\n</answer>",
        f"<answer>```sql\n{QUERY}\n```</answer>",
        f"<answer><sql>{QUERY};</sql></answer>",
        f"<think>SELECT 1 would be wrong</think>\n<answer>{QUERY}</answer>",
        f"first I thought of SELECT 2</think>{QUERY}",
        f"The query is: {QUERY}",
        f"SQL: {QUERY}; It lists all cities.",
        f"You can use {QUERY};",
        f"Run `{QUERY}` to see them.",
        f"{QUERY};\n{QUERY};\n\n{QUERY}",
        f"{QUERY}\n\nThis query lists the names of all cities.",
        f"<sql>{QUERY}</sql> To repeat: <sql>{QUERY};</sql>",
    ],
)
def test_the_query_is_found_in_every_usual_format(completion):
    assert parse_completion(completion).sql == QUERY


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("With this in mind: SELECT 1", "SELECT 1"),
        ("(SELECT 1) UNION SELECT 2", "(SELECT 1) UNION SELECT 2"),
        ("SELECT 1 -- one; or so\n + 1", "SELECT 1 -- one; or so\n + 1"),
        ('SELECT "a;b" FROM t', 'SELECT "a;b" FROM t'),
        ("SELECT a\nFROM t\nWHERE b", "SELECT a\nFROM t\nWHERE b"),
        ("SELECT 1 ; then we are done", "SELECT 1"),
    ],
)
def test_a_bare_query_ends_where_it_ends(completion, sql):
    assert parse_completion(completion).sql == sql


@pytest.mark.parametrize(
    ("completion", "problem"),
    [
        ("", "empty completion"),
        (" \n\t", "empty completion"),
        ("<think>SELECT 1</think>", "empty completion"),
        ("<think>SELECT 1", "unterminated <think>"),
        ("I do not know.", "no SQL found"),
        ("```python\nprint(1)\n```", "no SQL found"),
        (";;;", "no SQL found"),
        ("```sql\nSELECT 1", "unterminated ``` fence"),
        ("<sql>SELECT 1", "unterminated <sql>"),
        ("<answer>SELECT 1</sql>", "unterminated <answer>"),
        ("<sql> ; </sql>", "empty answer"),
        ("```sql\n```", "empty answer"),
        ("<sql>SELECT 1</sql><sql>SELECT 2</sql>", "2 answers, expected 1"),
        ("<sql>SELECT 1</sql><answer>SELECT 2</answer>", "2 answers, expected 1"),
        ("```\nSELECT 1\n```\n```\nSELECT 2\n```\n```\nSELECT 3\n```", "3 answers, expected 1"),
        ("SELECT 1\n\nSELECT 2", "2 answers, expected 1"),
        ("SELECT 1; DROP TABLE city", "2 answers, expected 1"),
        ("SELECT 1;\nSELECT 2;\nSELECT 3", "3 answers, expected 1"),
        ("SELECT \ud800", "not valid Unicode"),
        ("x" * 100_000, "completion of 100000 characters, at most 65536"),
    ],
)
def test_a_completion_without_one_answer_says_what_is_wrong(completion, problem):
    parsed = parse_completion(completion)
    assert parsed.sql is None
    assert parsed.problem == problem


@pytest.mark.parametrize(
    ("completion", "problem"),
    [
        ("SELECT 1", "no <answer> tag"),
        ("```sql\nSELECT 1\n```", "no <answer> tag"),
        ("<answer>SELECT 1", "unterminated <answer>"),
        ("<answer>SELECT 1</answer><answer>SELECT 2</answer>", "2 answers, expected 1"),
    ],
)
def test_the_strict_parser_wants_the_tag(completion, problem):
    assert parse_answer_tag(completion).problem == problem


def test_the_strict_parser_reads_the_tag():
    assert parse_answer_tag("so: <answer>```sql\nSELECT 1;\n```</answer>").sql == "SELECT 1"


@pytest.mark.parametrize(
    "filler",
    [
        "```sql\n",
        "/*",
        "'\"",
        "<sql>",
        "<think>",
        "SELECT ",
        "\n \n",
        "WITH a (",
        "--",
        "`",
        "(",
        ":",
    ],
)
def test_no_filler_makes_reading_slow(filler):
    started = time.process_time()
    parse_completion("SELECT " + filler * (65_000 // len(filler)))
    parse_completion(filler * (100_000 // len(filler)))
    assert time.process_time() - started < 0.5


def test_an_unknown_parser_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="no parser named 'sqll'; did you mean 'sql'"):
        get_parser("sqll")
