"""The classes of broken rows, in the words that the audit's table shows."""

from __future__ import annotations

from sqlgrpo.errors import ExampleError

KINDS: dict[str, str] = {
    "malformed_row": "the record is not a row with named columns",
    "missing_field": "question, context or answer is missing or blank",
    "wrong_type": "a column holds something else than text",
    "not_unicode": "a column holds what no encoding can write",
    "unknown_dialect": "no such SQL dialect",
    "missing_database": "the database file is not there",
    "not_a_database": "the database file is not SQLite",
    "unparsable_schema": "the schema cannot be read",
    "no_tables": "the schema declares no table",
    "table_declared_twice": "the schema declares a table twice",
    "column_declared_twice": "a table declares a column twice",
    "unparsable_gold": "the gold cannot be read",
    "gold_not_select": "the gold is not one SELECT",
    "offset_from_thousands_separator": "a number such as 1,780 became 1 OFFSET 780",
    "numeric_header_as_literal": "a column named by a number became that number",
    "space_became_alias": "the second word of a column's name became an alias",
    "missing_table": "the gold reads a table that the schema does not declare",
    "placeholder_table": "the gold uses columns of a table whose columns were lost",
    "missing_column": "the gold uses a column that its tables do not declare",
    "ambiguous_column": "the gold uses a column that several of its tables declare",
    "gold_fails": "the gold does not run",
    "gold_timeout": "the gold takes too long",
    "gold_not_repeatable": "the gold does not give the same rows twice on its own database",
    "no_contents": "no rows satisfy the schema's constraints",
    "no_suite": "sqlgrpo itself fails on it: please report it",
    "gold_indistinct": "no database tells the gold from a trivial query",
    "gold_not_rewarded": "the gold does not earn the full reward",
    "prompt_too_long": "the prompt exceeds data.max_prompt_tokens",
}
"""Class name -> what is wrong with its rows. Other modules may raise further kinds."""

REPAIRS: dict[str, str] = {
    "double_quoted_strings": "the gold now quotes its strings with '",
    "question_case": "the gold now spells its strings in the question's case",
    "infer_types": "a text column that holds numbers is read as a number",
    "repeated_id": "an id that an earlier row has is followed by its place",
}


def meaning(kind: str) -> str:
    """What a class or a repair stands for; unknown ones speak for themselves."""
    return {**KINDS, **REPAIRS}.get(kind, kind.replace("_", " "))


def broken(kind: str, reason: str) -> ExampleError:
    """The error for an example of a class that is listed above.

    >>> broken("missing_table", "no table named pet").kind
    'missing_table'
    """
    if kind not in KINDS:
        raise KeyError(kind)
    return ExampleError(reason, kind=kind)
