"""Choose whole groups of examples to hold out, in the same mix of group sizes as all the data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

from sqlgrpo.data.sampling import rank
from sqlgrpo.types import Example

Group: TypeAlias = list[Example]
"""Examples that must stay together."""

SPENT_SHARE = 0.05  # a group with more of the examples than this is not spent on measurement,
LARGEST_SHARE = 0.25  # unless the smaller ones do not suffice; then one up to this share may be
VARIETY = 4  # groups that a held-out set has at least, when there are eight times as many


@dataclass(frozen=True, slots=True)
class Held:
    """What was held out of some groups, and what was not."""

    taken: list[Example]
    left_out: int
    """Examples of a group that was taken only in part; they go to no other set."""
    rest: list[Group]


def take(groups: list[Group], wanted: int, seed: int) -> Held:
    """``wanted`` examples (or as many as there may be), of as few spoilt groups as possible.

    Groups of similar size form a stratum, which gives its share: otherwise a thousand small
    schemas would crowd out the few large ones that hold most of the examples, or the reverse.
    """
    queue = sorted(groups, key=lambda group: rank(repr(min(map(content, group))), seed))
    most = ceil(wanted / max(1, min(VARIETY, len(queue) // (2 * VARIETY))))
    eligible = _eligible(queue, wanted, max(sum(map(len, queue)) * SPENT_SHARE, 2 * most))
    taken: list[Example] = []
    opened: list[Group] = []
    for stratum, quota in [*_quotas(eligible, wanted), (eligible, wanted)]:
        goal = min(wanted, len(taken) + quota)
        for group in _choose(_without(stratum, opened), goal - len(taken), most):
            taken += shuffled(group, seed)[: min(most, goal - len(taken))]
            opened.append(group)
    left_out = sum(map(len, opened)) - len(taken)
    return Held(shuffled(taken, seed), left_out, _without(queue, opened))


def _eligible(groups: list[Group], wanted: int, largest: float) -> list[Group]:
    """The groups that may be held out, larger ones only when they are needed."""
    small = [group for group in groups if len(group) <= largest]
    if sum(map(len, small)) >= wanted:
        return small
    largest = sum(map(len, groups)) * LARGEST_SHARE
    return [group for group in groups if len(group) <= largest]


def _quotas(groups: list[Group], wanted: int) -> list[tuple[list[Group], int]]:
    """The groups by size (each stratum spans a factor of two), with the examples each owes."""
    strata: defaultdict[int, list[Group]] = defaultdict(list)
    for group in groups:
        strata[len(group).bit_length()].append(group)
    total = sum(map(len, groups))
    quotas = []
    seen = owed = 0
    for _, stratum in sorted(strata.items()):
        seen += sum(map(len, stratum))
        due = wanted * seen // total
        quotas.append((stratum, due - owed))
        owed = due
    return quotas


def _choose(groups: list[Group], wanted: int, most: int) -> list[Group]:
    """Groups that together give ``wanted``: whole ones while they fit, then others in part."""
    chosen: list[Group] = []
    for whole in (True, False):
        for group in _without(groups, chosen):
            gives = min(len(group), most, wanted)
            if gives and (gives == len(group) or not whole):
                chosen.append(group)
                wanted -= gives
    return chosen


def _without(groups: list[Group], opened: list[Group]) -> list[Group]:
    ids = {id(group) for group in opened}
    return [group for group in groups if id(group) not in ids]


def shuffled(examples: Iterable[Example], seed: int) -> list[Example]:
    """A pseudo-random order that depends on the examples and the seed alone."""
    return sorted(examples, key=_seeded(seed))


def _seeded(seed: int) -> Callable[[Example], bytes]:
    return lambda example: rank(repr(content(example)), seed)


def content(example: Example) -> tuple[str, str, str, str]:
    """What an example says, as a sort key; the database is left out, since its path varies."""
    return example.schema, example.question, example.gold_sql, example.id
