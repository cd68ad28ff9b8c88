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

from sqlgrpo.data.holdout import Group, content, shuffled, take
from sqlgrpo.data.identity import group_by_query, group_by_schema
from sqlgrpo.types import Example

log = getLogger(__name__)

GROUPINGS: dict[str, Callable[[list[Example]], list[Group]]] = {
    "schema": group_by_schema,
    "query": group_by_query,
}


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
    pool = sorted(examples, key=content)
    validation, test = _affordable(validation, test, len(pool))
    for unit in GROUPINGS:
        splits = _hold_out(pool, unit, validation, test, seed)
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


def _hold_out(pool: list[Example], unit: str, validation: int, test: int, seed: int) -> Splits:
    groups = GROUPINGS[unit](pool)
    for_test = take(groups, test, seed)
    for_validation = take(for_test.rest, validation, seed)
    return Splits(
        train=shuffled((example for group in for_validation.rest for example in group), seed),
        validation=for_validation.taken,
        test=for_test.taken,
        unit=unit,
        left_out=for_test.left_out + for_validation.left_out,
    )
