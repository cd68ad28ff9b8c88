"""Makes examples: every form in turn, each over all topics in turn, until there are enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random

import sqlglot

from sqlgrpo.data.builtin.deal import Deal, Unsuitable
from sqlgrpo.data.builtin.forms import FORMS, Form
from sqlgrpo.data.builtin.topic import Topic
from sqlgrpo.types import Example

SHARES = {"easy": 0.45, "medium": 0.35, "hard": 0.20}
"""How many of the examples are of each difficulty; within one, all forms count the same."""

ATTEMPTS = 40
"""Questions tried in a row before a form counts as exhausted on a topic."""


def generate(
    topics: Sequence[Topic],
    *,
    size: int,
    seed: int,
    source: str,
    dialect: str = "sqlite",
    forms: Sequence[Form] = FORMS,
) -> list[Example]:
    """At most ``size`` examples, fewer when the topics give no more different questions.

    The id says where an example comes from: ``builtin-hospital1-count_text-0003`` is the fourth
    question of the form ``count_text`` on the schema ``hospital1``, whatever the size.
    """
    made: dict[tuple[str, str], Example] = {}
    for difficulty, wanted in _quotas(size).items():
        streams = [_asked(form, topics, seed) for form in forms if form.difficulty == difficulty]
        fresh = (item for item in _in_turn(streams) if (item[0].ddl, item[2]) not in made)
        for topic, key, question, sql in islice(fresh, wanted):
            made[topic.ddl, question] = Example(
                id=f"{source}-{key}",
                question=question,
                schema=topic.ddl,
                gold_sql=in_dialect(sql, dialect),
                dialect=dialect,
            )
    examples = list(made.values())
    Random(f"{seed}/order").shuffle(examples)
    return examples


def in_dialect(sql: str, dialect: str) -> str:
    """The gold in another dialect; the forms are written in SQLite's.

    >>> in_dialect('SELECT "order" FROM t', "mysql")
    'SELECT `order` FROM t'
    """
    if dialect == "sqlite":
        return sql
    return sqlglot.transpile(sql, read="sqlite", write=dialect)[0]


Asked = tuple[Topic, str, str, str]
"""A topic, the end of an id, a question and its gold."""


def _quotas(size: int) -> dict[str, int]:
    quotas = {difficulty: int(size * share) for difficulty, share in SHARES.items()}
    quotas["easy"] += size - sum(quotas.values())
    return quotas


def _asked(form: Form, topics: Sequence[Topic], seed: int) -> Iterator[Asked]:
    shuffled = list(topics)
    Random(f"{seed}/{form.name}").shuffle(shuffled)
    return _in_turn([questions(form, topic, seed) for topic in shuffled])


def questions(form: Form, topic: Topic, seed: int) -> Iterator[Asked]:
    """The different questions of one form on one topic, as long as they come readily."""
    rng = Random(f"{seed}/{topic.name}/{form.name}")
    seen: set[str] = set()
    failures = 0
    while failures < ATTEMPTS:
        try:
            question, sql = form.ask(Deal(topic=topic, rng=rng))
        except Unsuitable:
            failures += 1
            continue
        if question in seen:
            failures += 1
            continue
        yield topic, f"{topic.name}-{form.name}-{len(seen):04}", question, sql
        seen.add(question)
        failures = 0


def _in_turn(streams: Sequence[Iterator[Asked]]) -> Iterator[Asked]:
    """One item of each stream after the other, until all are exhausted."""
    alive = list(streams)
    while alive:
        remaining = []
        for stream in alive:
            item = next(stream, None)
            if item is not None:
                remaining.append(stream)
                yield item
        alive = remaining
