"""Tables, columns and constraints as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: str = ""
    """As declared, such as ``VARCHAR(20)``; may be empty."""
    affinity: str = "blob"
    """``integer``, ``real``, ``numeric``, ``text`` or ``blob``, by SQLite's rules."""
    not_null: bool = False
    default: str = ""
    """The SQL of the default value, if any."""
    collation: str = ""
    """``NOCASE`` or ``RTRIM``; empty when text is compared as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...] = ()
    """Columns of ``table``; empty means its primary key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    """The SQL of each CHECK, without its parentheses."""

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        return next((t for t in self.tables if t.name.lower() == name.lower()), None)

    def column(self, table: str, name: str) -> Column | None:
        found = self.table(table)
        return found.column(name) if found else None

    def tables_with(self, column: str) -> tuple[Table, ...]:
        return tuple(t for t in self.tables if t.column(column))


def affinity(declared: str) -> str:
    """SQLite's five rules, in their order.

    >>> affinity("BIGINT UNSIGNED"), affinity("varchar(9)"), affinity("DATE"), affinity("")
    ('integer', 'text', 'numeric', 'blob')
    """
    name = declared.upper()
    if "INT" in name:
        return "integer"
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if not name.strip() or "BLOB" in name:
        return "blob"
    if any(part in name for part in ("REAL", "FLOA", "DOUB")):
        return "real"
    return "numeric"
