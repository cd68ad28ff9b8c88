"""Choose and clean examples without regard to the order in which they were read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlgrpo.data.formats import Record
from sqlgrpo.data.loaded import Loaded
from sqlgrpo.errors import ConfigError
from sqlgrpo.types import Example

T = TypeVar("T")


def rank(key: str, seed: int) -> bytes:
    """A pseudo-random place in a queue that depends on nothing but the key and the seed."""
    return hashlib.blake2b(f"{seed}\x00{key}".encode(), digest_size=16).digest()


def sample(
    items: Sequence[T], limit: int | None, seed: int, content: Callable[[T], str] = repr
) -> list[T]:
    """``limit`` of the items, chosen by their content and kept in order.

    >>> sample(["a", "b", "c"], 2, seed=1) == sample(["c", "b", "a"], 2, seed=1)[::-1]
    True
    """
    if limit is None or limit >= len(items):
        return list(items)
    if limit < 1:
        raise ConfigError(f"data.limit is {limit}; it must be at least 1, or null for all rows")
    ranks = [rank(content(item), seed) for item in items]
    chosen = sorted(range(len(items)), key=ranks.__getitem__)[:limit]
    return [items[index] for index in sorted(chosen)]


def sample_records(records: Sequence[Record], limit: int | None, seed: int) -> list[Record]:
    """``limit`` of a file's records, chosen by what they hold, not by where they stand."""
    return sample(records, limit, seed, content=lambda record: repr(record.value))


def without_duplicates(loaded: Loaded) -> Loaded:
    """Drop examples whose question, schema and gold all occurred before, and count them."""
    first = {_content(example): example for example in reversed(loaded.examples)}
    kept = [example for example in loaded.examples if first[_content(example)] is example]
    dropped = len(loaded.examples) - len(kept)
    return replace(loaded, examples=kept, duplicates=loaded.duplicates + dropped)


def _content(example: Example) -> tuple[str, str, str, str]:
    return example.question, example.schema, example.gold_sql, example.dialect
