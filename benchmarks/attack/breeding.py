"""Targets and how new completions are bred from old ones."""

from __future__ import annotations

import heapq
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import sqlglot
from sqlglot import exp

from attack.snippets import DANGEROUS, GUESSES, RUNAWAY, WORDS, WRAPPINGS
from mutator import mutants
from sqlgrpo.types import Example

KEPT = 40
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\s+|[<>=!|]+|.", re.DOTALL)


@dataclass(slots=True)
class Target:
    """One example under attack, with the best completions so far."""

    example: Example
    names: tuple[tuple[str, str], ...]
    """(table, column) pairs of the schema."""
    hacks: tuple[str, ...]
    """Completions of the project's list of hacks for this gold."""
    population: list[tuple[float, str]] = field(default_factory=list)

    def breed(self, rng: random.Random) -> str:
        """A new completion: a snippet, a mutant, a cross, an edit, sometimes wrapped."""
        roll = rng.random()
        if roll < 0.12:
            text = self._snippet(rng.choice(DANGEROUS), rng)
        elif roll < 0.122:
            text = self._snippet(rng.choice(RUNAWAY), rng)
        elif roll < 0.20:
            text = self._snippet(rng.choice(GUESSES), rng)
        elif roll < 0.23 and self.hacks:
            text = rng.choice(self.hacks)
        elif roll < 0.55:
            text = _mutant(self._parent(rng), rng)
        elif roll < 0.75:
            text = _cross(self._parent(rng), self._parent(rng), rng)
        else:
            text = self._edited(self._parent(rng), rng)
        if rng.random() < 0.12:
            wrapping = rng.choice(WRAPPINGS)
            text = wrapping.replace("{sql}", text).replace("{gold}", self.example.gold_sql)
        return text

    def note(self, completion: str, fitness: float) -> None:
        """Keep a completion among the parents while it is one of the best."""
        heapq.heappush(self.population, (fitness, completion))
        if len(self.population) > KEPT:
            heapq.heappop(self.population)

    def _parent(self, rng: random.Random) -> str:
        if not self.population or rng.random() < 0.4:
            return self.example.gold_sql
        return rng.choice(self.population)[1]

    def _snippet(self, template: str, rng: random.Random) -> str:
        table, column = rng.choice(self.names)
        return self.filled(template, table, column)

    def filled(self, template: str, table: str, column: str) -> str:
        """A snippet with this target's names in it."""
        file = str(self.example.database or Path("stolen.sqlite"))
        parts = {"table": table, "column": column, "gold": self.example.gold_sql, "file": file}
        return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)

    def _edited(self, text: str, rng: random.Random) -> str:
        tokens = TOKEN.findall(text)[:400]
        for _ in range(rng.choice((1, 1, 2, 3))):
            place = rng.randrange(len(tokens) + 1)
            kind = rng.random()
            if kind < 0.3 and tokens:
                del tokens[place % len(tokens)]
            elif kind < 0.6:
                tokens.insert(place, f" {self._word(rng)} ")
            elif kind < 0.85 and tokens:
                tokens[place % len(tokens)] = self._word(rng)
            elif tokens:
                other = rng.randrange(len(tokens))
                place %= len(tokens)
                tokens[place], tokens[other] = tokens[other], tokens[place]
        return "".join(tokens)

    def _word(self, rng: random.Random) -> str:
        table, column = rng.choice(self.names)
        return rng.choice((rng.choice(WORDS), column, column, f"{table}.{column}", table))


def _mutant(text: str, rng: random.Random) -> str:
    try:
        found = mutants(text, 1, rng)
    except (sqlglot.errors.SqlglotError, ValueError, AttributeError, RecursionError):
        return text
    return found[0] if found else text


def _cross(first: str, second: str, rng: random.Random) -> str:
    """The first query with a part of the second of the same kind; or spliced text."""
    try:
        tree, other = (sqlglot.parse_one(sql, dialect="sqlite") for sql in (first, second))
        kinds = (exp.Select, exp.Where, exp.Predicate, exp.Column, exp.AggFunc, exp.From, exp.Order)
        kind = rng.choice(kinds)
        places, parts = list(tree.find_all(kind)), list(other.find_all(kind))
        if places and parts:
            rng.choice(places).replace(rng.choice(parts).copy())
            return tree.sql(dialect="sqlite")
    except (sqlglot.errors.SqlglotError, ValueError, AttributeError, RecursionError):
        pass
    left, right = first[: rng.randint(0, len(first))], second[rng.randint(0, len(second)) :]
    return f"{left} {right}"
