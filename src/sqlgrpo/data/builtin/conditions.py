"""Conditions: the SQL of a test on one column, and the words that say the same and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sqlgrpo.data.builtin.topic import Field, Value
from sqlgrpo.data.builtin.words import is_plural, listing, with_article

COMPARISONS = {
    ">": ("is more than", "is above", "is greater than"),
    "<": ("is less than", "is below", "is under"),
    ">=": ("is at least", "is greater than or equal to"),
    "<=": ("is at most", "is less than or equal to"),
    "=": ("is", "equals", "is exactly"),
    "!=": ("is not", "differs from", "is other than"),
}
SAMENESS = {"=": ("is",), "!=": ("is not", "differs from", "is other than")}
MOMENTS = {
    ">": ("is after", "is later than"),
    "<": ("is before", "is earlier than"),
    ">=": ("is no earlier than", "is on or after"),
    "<=": ("is no later than", "is on or before"),
    "=": ("is",),
    "!=": ("is not",),
}
BRIEFLY = {
    ">": ("above {v}", "over {v}", "greater than {v}"),
    "<": ("below {v}", "under {v}", "less than {v}"),
    ">=": ("of {v} or more", "of at least {v}"),
    "<=": ("of {v} or less", "of at most {v}"),
    "=": ("of {v}", "equal to {v}"),
    "!=": ("other than {v}",),
}
BRIEF_MOMENTS = {
    ">": ("after {v}", "later than {v}"),
    "<": ("before {v}", "earlier than {v}"),
    ">=": ("of {v} or later",),
    "<=": ("of {v} or earlier",),
    "=": ("of {v}",),
    "!=": ("other than {v}",),
}
COUNTS = {
    ">": ("more than {v}", "over {v}"),
    "<": ("fewer than {v}", "under {v}"),
    ">=": ("at least {v}", "{v} or more"),
    "<=": ("at most {v}", "{v} or fewer"),
    "=": ("exactly {v}",),
}
PATTERNS = {
    "{}%": ("starts with", "begins with"),
    "%{}": ("ends with", "ends in"),
    "%{}%": ("contains", "includes"),
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A test of one column, such as ``> 5``, and the words for it."""

    field: Field
    test: str
    clause: str
    """As a clause: "the salary is above 5", without its article."""
    brief: str = ""
    """As what something has: "a salary above 5"; empty when only the clause is clear."""

    @property
    def sql(self) -> str:
        return f"{self.field} {self.test}"

    @property
    def full(self) -> str:
        return f"{self.field.full} {self.test}"


@dataclass(frozen=True, kw_only=True)
class Where:
    """One or more conditions joined by AND or OR; ``{c.words}`` follows the noun they restrict."""

    sql: str
    full: str
    words: str
    clause: str


def literal(value: Value) -> str:
    """The value as SQL writes it.

    >>> literal(5), literal("O'Hara")
    ('5', "'O''Hara'")
    """
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def spoken(value: Value, rng: Random) -> str:
    """The value as the question writes it; text is put in quotes now and then."""
    return f"'{value}'" if isinstance(value, str) and rng.random() < 0.4 else str(value)


def comparison(field: Field, operator: str, value: Value, rng: Random) -> Condition:
    """``field operator value``, in words that fit the kind of column."""
    moment = field.kind in {"year", "date"}
    said = spoken(value, rng) if not moment else str(value)
    verb = rng.choice(_verbs(field.kind)[operator])
    return Condition(
        field=field,
        test=f"{operator} {literal(value)}",
        clause=f"{field.words} {verb} {said}",
        brief=_brief(field, operator, said, rng),
    )


def _verbs(kind: str) -> dict[str, tuple[str, ...]]:
    if kind in {"year", "date"}:
        return MOMENTS
    return COMPARISONS if kind in {"amount", "level"} else SAMENESS


def _brief(field: Field, operator: str, said: str, rng: Random) -> str:
    if field.kind not in {"amount", "level", "year", "date"}:
        return f"the {field.words} {said}" if operator == "=" else ""
    if field.is_count and operator in COUNTS:
        words = rng.choice(COUNTS[operator]).format(v=said)
        return f"{words} {field.words.removeprefix('number of ')}"
    briefly = BRIEF_MOMENTS if field.kind in {"year", "date"} else BRIEFLY
    return f"{a_or_the(field)} {rng.choice(briefly[operator]).format(v=said)}"


def a_or_the(field: Field) -> str:
    """The column's words with their article: "a salary", but "years of experience"."""
    head = field.words.partition(" of ")[0].partition(" in ")[0]
    return field.words if is_plural(head) else with_article(field.words)


def between(
    field: Field, low: Value, high: Value, rng: Random, *, inside: bool = True
) -> Condition:
    """``BETWEEN``, whose ends belong to it, or its opposite, whose ends do not."""
    tail = f"BETWEEN {literal(low)} AND {literal(high)}"
    if not inside:
        clause = f"{field.words} is not between {low} and {high} inclusive"
        return Condition(field=field, test=f"NOT {tail}", clause=clause)
    ranges = (
        f"between {low} and {high}",
        f"between {low} and {high} inclusive",
        f"from {low} to {high}",
    )
    words = rng.choice(ranges)
    brief = f"{a_or_the(field)} {words}"
    return Condition(field=field, test=tail, clause=f"{field.words} is {words}", brief=brief)


def one_of(field: Field, values: Sequence[Value], rng: Random, *, inside: bool = True) -> Condition:
    """``IN`` a list, or ``NOT IN``."""
    items = f"({', '.join(literal(value) for value in values)})"
    quotes = rng.random() < 0.4
    said = [f"'{value}'" if quotes and isinstance(value, str) else str(value) for value in values]
    if not inside:
        clause = f"{field.words} is neither {listing(said, 'nor')}"
        return Condition(field=field, test=f"NOT IN {items}", clause=clause)
    either = rng.choice(("is", "is either")) if len(said) == 2 else rng.choice(("is", "is one of"))
    words = listing(said) if either == "is one of" else listing(said, "or")
    return Condition(field=field, test=f"IN {items}", clause=f"{field.words} {either} {words}")


def like(field: Field, pattern: str, part: str, rng: Random, *, inside: bool = True) -> Condition:
    """``LIKE``: the pattern is one of ``PATTERNS``."""
    verb = rng.choice(PATTERNS[pattern])
    test = f"LIKE {literal(pattern.format(part))}"
    if inside:
        return Condition(field=field, test=test, clause=f"{field.words} {verb} '{part}'")
    verb = {"starts": "start", "begins": "begin", "ends": "end"}.get(verb.split()[0], verb[:-1])
    tail = {"start": " with", "begin": " with", "end": " with"}.get(verb, "")
    clause = f"{field.words} does not {verb}{tail} '{part}'"
    return Condition(field=field, test=f"NOT {test}", clause=clause)


def null(field: Field, rng: Random, *, missing: bool = True) -> Condition:
    """``IS NULL`` or ``IS NOT NULL``."""
    if missing:
        clause = f"{field.words} {rng.choice(('is missing', 'is not recorded', 'is unknown'))}"
        brief = rng.choice((f"no {field.words}", f"no recorded {field.words}"))
        return Condition(field=field, test="IS NULL", clause=clause, brief=brief)
    clause = f"{field.words} {rng.choice(('is recorded', 'is known', 'is not missing'))}"
    brief = f"a recorded {field.words}"
    return Condition(field=field, test="IS NOT NULL", clause=clause, brief=brief)


def joined(conditions: Sequence[Condition], rng: Random, how: str = "and") -> Where:
    """The conditions in one WHERE, and after one noun."""
    glue = f" {how.upper()} "
    return Where(
        sql=glue.join(condition.sql for condition in conditions),
        full=glue.join(condition.full for condition in conditions),
        words=_after_noun(conditions, rng, how),
        clause=f" {how} ".join(condition.clause for condition in conditions),
    )


def _after_noun(conditions: Sequence[Condition], rng: Random, how: str) -> str:
    clauses = [condition.clause for condition in conditions]
    briefs = [condition.brief for condition in conditions]
    if how == "and" and all(briefs) and rng.random() < 0.5:
        return "with " + listing(briefs)
    if rng.random() < 0.3:
        return "where " + f" {how} ".join(f"the {clause}" for clause in clauses)
    return "whose " + f" {how} ".join(clauses)


def either_and(either: Sequence[Condition], both: Condition, rng: Random) -> Where:
    """Two alternatives, and a condition that holds in both cases."""
    first, second = either
    alternatives = f"either the {first.clause} or the {second.clause}"
    words = (
        f"whose {both.clause} and where {alternatives}",
        f"where the {both.clause}, and {alternatives}",
    )
    return Where(
        sql=f"({first.sql} OR {second.sql}) AND {both.sql}",
        full=f"({first.full} OR {second.full}) AND {both.full}",
        words=rng.choice(words),
        clause="",
    )
