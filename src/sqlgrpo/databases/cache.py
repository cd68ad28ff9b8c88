"""Suites on disk, one small file each, named by everything that they depend on, and in memory."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.keys import Key
from sqlgrpo.databases.suite import Suite


class Shelf:
    """Suites packed by the workers that built them, for the workers after them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._packed: OrderedDict[Key, bytes] = OrderedDict()

    def get(self, key: Key) -> bytes | None:
        return self._packed.get(key)

    def put(self, key: Key, packed: bytes) -> None:
        """Keep a suite; the oldest go when there is no room."""
        self._bytes += len(packed) - len(self._packed.pop(key, b""))
        self._packed[key] = packed
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._packed.popitem(last=False)[1])


def load(folder: Path, key: str) -> Suite | None:
    """The suite with this key, if it was saved whole."""
    try:
        text = _path(folder, key).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return decode(json.loads(text))


def save(folder: Path, key: str, suite: Suite) -> None:
    """Write a suite so that another process sees all of it or nothing."""
    path = _path(folder, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(encode(suite), separators=(",", ":")), encoding="utf-8")
    draft.replace(path)


def encode(suite: Suite) -> dict[str, Any]:
    """JSON holds every value there is in a suite: numbers, text and NULL."""
    return asdict(suite)


def decode(found: dict[str, Any]) -> Suite:
    contents = tuple(
        Contents(
            tuple(tuple(tuple(row) for row in table) for table in item["tables"]),
            reverse=item["reverse"],
        )
        for item in found.pop("contents")
    )
    for name in ("survivors", "notes"):
        found[name] = tuple(found[name])
    return Suite(contents=contents, **found)


def _path(folder: Path, key: str) -> Path:
    return folder / key[:2] / f"{key}.json"
