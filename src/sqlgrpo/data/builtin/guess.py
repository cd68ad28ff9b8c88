"""Guesses what a user's column holds from its name and type, and values that it might hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlgrpo.data.builtin.domains.pools import POOLS
from sqlgrpo.data.builtin.notation import read_values
from sqlgrpo.data.builtin.topic import Value
from sqlgrpo.data.builtin.words import humanise, singular
from sqlgrpo.parsers.schema import Column, Table

IDENTIFIERS = {"id", "code", "uuid", "guid", "key", "number", "no", "nr"}
FLAGS = {"is", "has", "flag", "active", "enabled", "deleted"}
NAMES = {"name", "title", "label", "nickname", "surname"}
PROSE = {
    *("address", "bio", "comment", "comments", "content", "description", "email", "fax", "image"),
    *("notes", "note", "password", "phone", "photo", "picture", "remarks", "text", "url"),
}
MOMENTS = {"date", "time", "datetime", "timestamp", "at", "on", "birthday"}
PEOPLE = {
    *("actor", "artist", "author", "client", "composer", "contact", "customer", "director"),
    *(
        "doctor",
        "driver",
        "employee",
        "guest",
        "manager",
        "member",
        "owner",
        "passenger",
        "patient",
        "people",
        "person",
        "player",
    ),
    *("professor", "staff", "student", "surname", "teacher", "user", "visitor", "worker"),
}
RANGES = {
    "age": "18..80",
    "discount": "5..50",
    "grade": "1..10",
    "height": "150..210",
    "latitude": "-60..60",
    "level": "1..10",
    "longitude": "-150..150",
    "percent": "5..95",
    "percentage": "5..95",
    "price": "5..500",
    "rank": "1..50",
    "rate": "1..50",
    "rating": "1..5",
    "score": "1..100",
    "size": "1..60",
    "temperature": "-10..40",
    "weight": "1..200",
}
"""Numbers that nobody adds up."""
TEXTS: dict[str, Sequence[str]] = {
    "category": ("standard", "premium", "basic"),
    "city": POOLS["city"],
    "color": POOLS["colour"],
    "colour": POOLS["colour"],
    "country": POOLS["country"],
    "gender": ("female", "male"),
    "language": POOLS["language"],
    "month": POOLS["month"],
    "nationality": POOLS["country"],
    "sex": ("F", "M"),
    "state": ("open", "closed", "pending"),
    "status": ("active", "pending", "closed"),
    "town": POOLS["city"],
    "type": ("standard", "premium", "basic"),
    "weekday": POOLS["weekday"],
}
ANY_NAME = ("Aurora", "Bluebird", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Horizon")
ANY_TEXT = ("alpha", "north", "central", "regular", "special", "mixed")


def kind_of(column: Column, table: Table) -> str:
    """The kind of a column that is neither a key nor a foreign key; see ``notation.py``."""
    words = _words(column.name)
    declared = column.type.upper()
    if (words[-1:] and words[-1] in IDENTIFIERS) or "BLOB" in declared:
        return "other"
    if words[0] in FLAGS or words == [words[0].removesuffix("ed") + "ed"] or "BOOL" in declared:
        return "other"
    if re.search(r"\b(DATE|DATETIME|TIMESTAMP)", declared) or words[-1] in MOMENTS:
        return "date"
    if column.affinity == "text" or not column.type:
        return _text_kind(words, column, table)
    if "year" in words:
        return "year"
    return "level" if RANGES.keys() & set(words) else "amount"


def _text_kind(words: list[str], column: Column, table: Table) -> str:
    if PROSE & set(words):
        return "text"
    if NAMES & set(words) or (column.name,) in table.uniques:
        return "label"
    return "category"


def values_of(column: Column, kind: str, table: Table) -> tuple[Value, ...]:
    """Literals to compare the column with."""
    words = _words(column.name)
    if kind in {"label", "category"}:
        return _texts(column, words, kind, table)
    if kind == "date":
        return read_values("date", "2018-01-01..2023-12-31", POOLS)
    if kind == "year":
        return read_values("year", "1990..2023", POOLS)
    if kind not in {"amount", "level"}:
        return ()
    known = next((RANGES[word] for word in words if word in RANGES), "10..1000/10")
    return read_values(kind, known, POOLS)


def _texts(column: Column, words: list[str], kind: str, table: Table) -> tuple[str, ...]:
    if allowed := _allowed(column, table):
        return allowed
    known = next((TEXTS[word] for word in words if word in TEXTS), None) or _names(
        words, _words(table.name), ANY_NAME if kind == "label" else ANY_TEXT
    )
    size = re.search(r"\((\d+)\)", column.type)
    longest = int(size[1]) if size else 100
    return tuple(dict.fromkeys(value[:longest] for value in known))


def _names(words: list[str], table: list[str], other: Sequence[str]) -> Sequence[str]:
    """Names of people for the columns that hold them."""
    if {"first", "given"} & set(words):
        return [name.split()[0] for name in POOLS["person"]]
    if {"last", "family", "surname"} & set(words):
        return POOLS["surname"]
    owners = PEOPLE & {singular(word) for word in table} if words[-1] == "name" else set()
    return POOLS["person"] if owners or PEOPLE & set(words) else other


def _allowed(column: Column, table: Table) -> tuple[str, ...]:
    """The values of a CHECK such as ``status IN ('new', 'paid')``."""
    name = re.escape(column.name)
    listed = re.compile(rf'[("`\[ ]*{name}["`\] ]*\s+IN\s*\((?P<items>.*)\)', re.IGNORECASE)
    for check in table.checks:
        if found := listed.match(check):
            items = re.findall(r"'((?:[^']|'')*)'", found["items"])
            return tuple(item.replace("''", "'") for item in items)
    return ()


def _words(identifier: str) -> list[str]:
    return humanise(identifier).lower().split() or [identifier.lower()]
