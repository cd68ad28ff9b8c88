"""``data=jsonl``: a local data file with question, context and answer."""

from __future__ import annotations

from pathlib import Path

from sqlgrpo.config import DataConfig
from sqlgrpo.data.formats import read_records
from sqlgrpo.data.loaded import Loaded
from sqlgrpo.data.rows import to_examples
from sqlgrpo.data.sampling import sample_records
from sqlgrpo.errors import ConfigError


def load_file(config: DataConfig, seed: int) -> Loaded:
    """The rows of ``config.path``, or a seeded sample of ``config.limit`` of them."""
    if config.path is None:
        raise ConfigError(f"data={config.source} needs a file: set data.path=FILE.jsonl")
    path = Path(config.path).expanduser()
    return to_examples(sample_records(read_records(path), config.limit, seed), config, path)
