"""Question-SQL examples from any source, split by schema and audited before training."""

from __future__ import annotations

from collections.abc import Callable

from sqlgrpo.config import DataConfig
from sqlgrpo.data.builtin import load_builtin, load_schema
from sqlgrpo.data.files import load_file
from sqlgrpo.data.loaded import Loaded, Quarantined
from sqlgrpo.data.repairs import repaired
from sqlgrpo.data.sampling import without_duplicates
from sqlgrpo.data.split import Splits, split
from sqlgrpo.data.sql_create_context import load_sql_create_context
from sqlgrpo.errors import unknown

__all__ = ["SOURCES", "Loaded", "Quarantined", "Splits", "load", "split"]

SOURCES: dict[str, Callable[[DataConfig, int], Loaded]] = {
    "builtin": load_builtin,
    "jsonl": load_file,
    "schema": load_schema,
    "sql_create_context": load_sql_create_context,
}


def load(config: DataConfig, seed: int) -> Loaded:
    """The examples of ``config.source``: repaired where that is certain, each one once."""
    if config.source not in SOURCES:
        raise unknown("data source", config.source, SOURCES)
    loaded = SOURCES[config.source](config, seed)
    return without_duplicates(repaired(loaded))
