"""Does every name in the query exist?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from sqlgrpo.parsers.sql import Resolution, SqlSyntaxError, resolve_sql
from sqlgrpo.types import Example, Verdict
from sqlgrpo.verifiers.gold import readable_gold

NUMBERS = {"integer", "real", "numeric"}


@dataclass(frozen=True, slots=True)
class SchemaUse:
    """The share of distinct tables, columns and join conditions that fit the schema.

    Names are looked up by scope: aliases, CTEs, derived tables and correlated subqueries. A join
    condition fits when it compares columns of one kind (numbers or text), or when the gold has
    it too. A query that reads no table of the schema scores 0.0.
    """

    name = "schema"

    def __call__(self, sql: str, example: Example) -> Verdict:
        gold = _resolved(readable_gold(example), example)
        try:
            query = _resolved(sql, example)
        except SqlSyntaxError as error:
            return Verdict(verifier=self.name, score=0.0, reason=str(error))
        if not reads_a_table(query):
            return Verdict(verifier=self.name, score=0.0, reason="reads no table of the schema")
        excused = dict(_joins(gold))
        findings = {**dict(_tables(query)), **dict(_columns(query))}
        findings |= {
            condition: "" if condition in excused else problem
            for condition, problem in _joins(query)
        }
        problems = [problem for problem in findings.values() if problem]
        score = 1.0 - len(problems) / len(findings)
        return Verdict(verifier=self.name, score=score, reason="; ".join(problems[:3]))


def _resolved(sql: str, example: Example) -> Resolution:
    return resolve_sql(sql, example.dialect, example.quirks, example.schema)


def reads_a_table(query: Resolution) -> bool:
    """Whether a base table of the schema is among the query's sources."""
    return any(source.table and not source.missing for source in query.sources.values())


def _tables(query: Resolution) -> Iterator[tuple[str, str]]:
    for source in query.sources.values():
        if source.table:
            yield source.table, f"no table {source.table}" if source.missing else ""


def _columns(query: Resolution) -> Iterator[tuple[str, str]]:
    for reference in query.references.values():
        if reference.kind in ("missing", "ambiguous"):
            yield f"column {reference.key}", _problem(reference.kind, reference.key)
        elif reference.kind == "column":
            yield f"column {reference.key}", ""
    for name, both_sides in query.using:
        yield f"using {name}", "" if both_sides else f"no column {name} on both sides of USING"


def _problem(kind: str, name: str) -> str:
    return f"ambiguous column {name}" if kind == "ambiguous" else f"no column {name}"


def _joins(query: Resolution) -> Iterator[tuple[str, str]]:
    """Each comparison of two columns, under a name that ignores aliases, with its problem."""
    for node in query.tree.find_all(exp.EQ):
        sides = (node.left.unnest(), node.right.unnest())
        origins = [query.reference(s).origin for s in sides if isinstance(s, exp.Column)]
        columns = [origin.declared for origin in origins if origin.declared]
        if len(columns) < 2:
            continue
        condition = " = ".join(sorted(origin.label for origin in origins))
        kinds = {"number" if column.affinity in NUMBERS else "text" for column in columns}
        yield condition, f"{condition} compares numbers with text" if len(kinds) > 1 else ""
