"""Train, validation and test sets whose schemas do not meet.

Two examples belong to the same schema when they ship the same database, read the same schema
text, or - without a database - name a common table. On data such as sql-create-context, which
shows each question only the columns it needs, any weaker rule lets a table that was trained on
be tested again under other columns. The rule is transitive and may build one huge group; a group
too large to be held out stays in the training set, so it costs held-out variety, not honesty.

The result depends on the examples and the seed, never on the order they come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from logging import getLogger
from math import ceil

from sqlgrpo.data.identity import group_by_query, group_by_schema
from sqlgrpo.data.sampling import rank
from sqlgrpo.types import Example

log = getLogger(__name__)

LARGEST_SHARE = 0.1  # a schema with more of the examples than this is not spent on measurement
VARIETY = 5  # schemas that a held-out set has at least, when there are ten times as many

Group = list[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Disjoint examples; ``left_out`` are in no set, because their schema is held out."""

    train: list[Example]
    validation: list[Example]
    test: list[Example]
    unit: str = "schema"
    """What the sets do not share: ``schema``, or ``query`` when there are too few schemas."""
    left_out: int = 0


def split(examples: Iterable[Example], *, validation: int, test: int, seed: int) -> Splits:
    """Hold out ``test`` and ``validation`` examples, of schemas that occur in no other set.

    With too few schemas for that, such as one database with many questions, the sets share the
    schema but no query shape (a gold without its literals).
    """
    pool = sorted(examples, key=_content)
    validation, test = _affordable(validation, test, len(pool))
    groupings: tuple[tuple[str, Callable[[list[Example]], list[Group]]], ...] = (
        ("schema", group_by_schema),
        ("query", group_by_query),
    )
    for unit, group in groupings:
        splits = _hold_out(group(pool), unit, validation, test, seed)
        if len(splits.validation) == validation and len(splits.test) == test:
            break
    if splits.unit == "query":
        log.warning("too few schemas to hold any out: the splits share schemas but no query shape")
    if splits.left_out:
        log.info("%d examples of held-out schemas are in no set", splits.left_out)
    return splits


def _affordable(validation: int, test: int, total: int) -> tuple[int, int]:
    """At most half of the examples are held out."""
    asked = validation + test
    if asked <= total // 2:
        return validation, test
    share = total // 2 / asked
    fewer = int(validation * share), int(test * share)
    log.warning(
        "data.validation=%d and data.test=%d are more than half of %d examples; using %d and %d",
        *(validation, test, total, *fewer),
    )
    return fewer


def _hold_out(groups: list[Group], unit: str, validation: int, test: int, seed: int) -> Splits:
    queue = sorted(groups, key=lambda group: rank(repr(_content(group[0])), seed))
    total = sum(map(len, groups))
    test_set, left_test, queue = _take(queue, test, total, seed)
    validation_set, left_validation, queue = _take(queue, validation, total, seed)
    return Splits(
        train=sorted((example for group in queue for example in group), key=_by_seed(seed)),
        validation=validation_set,
        test=test_set,
        unit=unit,
        left_out=left_test + left_validation,
    )


def _take(
    queue: list[Group], wanted: int, total: int, seed: int
) -> tuple[list[Example], int, list[Group]]:
    """The first ``wanted`` examples in whole groups, how many were cut off, and the groups left.

    Small groups are taken whole first; when these do not suffice, larger ones are cut.
    """
    variety = max(1, round(len(queue) * wanted / max(total, 1)), min(VARIETY, len(queue) // 10))
    most = max(1, ceil(wanted / variety))
    taken: list[Example] = []
    left_out = 0
    rest: list[Group] = []
    for group in queue:
        if len(group) <= min(most, wanted - len(taken)):
            taken += group
        else:
            rest.append(group)
    spare: list[Group] = []
    for group in rest:
        if len(taken) < wanted and len(group) <= max(total * LARGEST_SHARE, 2 * most):
            kept = sorted(group, key=_by_seed(seed))[: min(most, wanted - len(taken))]
            taken += kept
            left_out += len(group) - len(kept)
        else:
            spare.append(group)
    return sorted(taken, key=_by_seed(seed)), left_out, spare


def _by_seed(seed: int) -> Callable[[Example], bytes]:
    return lambda example: rank(repr(_content(example)), seed)


def _content(example: Example) -> tuple[str, str, str, str]:
    return example.schema, example.question, example.gold_sql, example.id
