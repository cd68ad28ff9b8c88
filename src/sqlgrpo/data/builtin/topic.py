"""A schema together with the words that questions about it use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from sqlgrpo.data.builtin.words import plural, with_article

Value: TypeAlias = str | int | float

KEYWORDS = frozenset(
    """
    add all alter and as asc between by case check collate column commit constraint create cross
    current_date current_time current_timestamp default delete desc distinct drop else end escape
    except exists foreign from full glob group having if in index inner insert intersect into is
    isnull join key left like limit match natural not notnull null offset on or order outer over
    primary references regexp right rollback row rows select set table temp then to transaction
    trigger union unique update user using values view when where with
    """.split()  # noqa: SIM905
)
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quoted(identifier: str) -> str:
    """The identifier as SQL writes it: bare when it can be.

    >>> quoted("hire_year"), quoted("order"), quoted("unit price")
    ('hire_year', '"order"', '"unit price"')
    """
    if PLAIN.fullmatch(identifier) and identifier.lower() not in KEYWORDS:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """A column: how SQL and questions name it, and which values it may hold.

    In a template ``{a}`` is the column's SQL name, and the properties are its words.
    """

    table: str
    name: str
    kind: str
    """One of ``key label category amount level year date text ref other``; see ``notation.py``."""
    words: str
    values: tuple[Value, ...] = ()
    """What a literal may be, in rising order for numbers and dates; none: never compared."""
    nullable: bool = False
    unique: bool = False
    type: str = "TEXT"

    def __str__(self) -> str:
        return quoted(self.name)

    @cached_property
    def full(self) -> str:
        """The column's SQL name in a query over several tables."""
        return f"{quoted(self.table)}.{quoted(self.name)}"

    @cached_property
    def many(self) -> str:
        return plural(self.words)

    @property
    def is_count(self) -> bool:
        """Whether the column counts things: "number of beds" is asked as "more than 5 beds"."""
        return self.words.startswith("number of ")

    @property
    def most(self) -> str:
        return "latest" if self.kind in {"year", "date"} else "highest"

    @property
    def least(self) -> str:
        return "earliest" if self.kind in {"year", "date"} else "lowest"

    @property
    def falling(self) -> str:
        return f"from {self.most} to {self.least}"

    @property
    def rising(self) -> str:
        return f"from {self.least} to {self.most}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Entity:
    """A table: how SQL and questions name it, and its columns."""

    name: str
    one: str
    many: str
    fields: tuple[Field, ...]
    person: bool = False
    """Whether each row is a person: "their" name, "who" has something."""

    def __str__(self) -> str:
        return quoted(self.name)

    @property
    def a_one(self) -> str:
        return with_article(self.one)

    @property
    def its(self) -> str:
        return "their" if self.person else "its"

    @property
    def that(self) -> str:
        return "who" if self.person else "that"


@dataclass(frozen=True, eq=False, kw_only=True)
class Link:
    """A foreign key: each row of ``child`` names one row of ``parent``."""

    child: Entity
    parent: Entity
    ref: Field
    key: Field

    @cached_property
    def on(self) -> str:
        return f"{self.ref.full} = {self.key.full}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Topic:
    """One schema that questions are asked about."""

    name: str
    ddl: str
    entities: tuple[Entity, ...]
    links: tuple[Link, ...] = ()
