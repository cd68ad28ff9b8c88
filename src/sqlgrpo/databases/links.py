"""Which columns belong together, and which tables have to be filled first."""

from __future__ import annotations

from sqlgrpo.databases.profile import Place, Profile
from sqlgrpo.parsers.schema import Schema, Table


def groups(schema: Schema, profile: Profile) -> dict[Place, int]:
    """Columns that are joined or refer to each other, by the number of their group."""
    group: dict[Place, int] = {}
    pairs = [*sorted(profile.joins), *_references(schema)]
    for number, (a, b) in enumerate(pairs):
        merged = {group.get(a, number), group.get(b, number)}
        for place in [a, b, *(p for p, n in group.items() if n in merged)]:
            group[place] = number
    return group


def own_links(schema: Schema, profile: Profile) -> list[tuple[Place, Place]]:
    """Columns that refer to another row of their own table, with the column referred to."""
    keys = {(t.name.lower(), t.primary_key[0].lower()) for t in schema.tables if t.primary_key}
    joined = [pair if pair[1] in keys else pair[::-1] for pair in sorted(profile.joins)]
    pairs = dict.fromkeys((*_references(schema), *joined))
    return [(own, key) for own, key in pairs if own[0] == key[0] and own != key]


def _references(schema: Schema) -> list[tuple[Place, Place]]:
    pairs = []
    for table in schema.tables:
        for key in table.foreign_keys:
            parent = schema.table(key.table)
            names = key.references or (parent.primary_key if parent else ())
            for own, other in zip(key.columns, names, strict=False):
                if parent and parent.column(other):
                    here = (table.name.lower(), own.lower())
                    pairs.append((here, (parent.name.lower(), other.lower())))
    return [pair for pair in pairs if pair[0] != pair[1]]


def parents_first(schema: Schema) -> list[Table]:
    """Tables after those they refer to, as far as cycles allow."""
    order: list[Table] = []
    left = list(schema.tables)
    while left:
        waiting = {t.name.lower() for t in left}
        free = [
            t
            for t in left
            if not {k.table.lower() for k in t.foreign_keys if k.table.lower() != t.name.lower()}
            & waiting
        ]
        chosen = free or left[:1]
        order += chosen
        left = [t for t in left if t not in chosen]
    return order
