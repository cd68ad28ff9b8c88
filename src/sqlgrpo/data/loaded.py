"""What a source gives: examples, and the rows that are not examples, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sqlgrpo.types import Example

Row: TypeAlias = dict[str, Any]
"""One record of a data file: column -> value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row that must not be trained on or measured with."""

    id: str
    kind: str
    """Short class name that the audit counts by, such as ``missing_column``."""
    reason: str
    """One sentence that names the offending thing."""
    row: Row
    """The row as it was read, so that a person can see what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A source's rows, sorted into usable and not; ``repaired`` says what was changed."""

    examples: list[Example]
    quarantined: list[Quarantined] = field(default_factory=list)
    repaired: Mapping[str, Set[str]] = field(default_factory=dict)
    """Kind of repair -> ids of the rows changed by it; never empty when a row was changed."""
    duplicates: int = 0
    """Rows dropped because question, schema and gold all occurred before."""

    def with_repaired(self, kind: str, ids: Set[str]) -> Loaded:
        """The same, and these rows changed by one more kind of repair, if there are any."""
        return replace(self, repaired={**self.repaired, kind: ids}) if ids else self


def as_row(example: Example) -> Row:
    """An example as a row of a data file, the inverse of reading one."""
    row: Row = {
        "id": example.id,
        "question": example.question,
        "context": example.schema,
        "answer": example.gold_sql,
        "dialect": example.dialect,
    }
    if example.database is not None:
        row["db"] = str(example.database)
    return row
