"""Examples made from scratch: question forms over built-in schemas, or over the user's own."""

from __future__ import annotations

from logging import getLogger
from pathlib import Path

from sqlgrpo.config import DataConfig
from sqlgrpo.data.builtin.domains import builtin_topics
from sqlgrpo.data.builtin.generate import generate
from sqlgrpo.data.builtin.user_schema import read_user_schema, slug
from sqlgrpo.data.loaded import Loaded
from sqlgrpo.errors import ConfigError, ExampleError

__all__ = ["load_builtin", "load_schema"]

log = getLogger(__name__)


def load_builtin(config: DataConfig, seed: int) -> Loaded:
    """``data=builtin``: ``config.size`` examples over the built-in schemas."""
    size = _size(config)
    return Loaded(examples=generate(builtin_topics(), size=size, seed=seed, source="builtin"))


def load_schema(config: DataConfig, seed: int) -> Loaded:
    """``data=schema``: at most ``config.size`` examples over the tables in ``config.path``."""
    size = _size(config)
    path, ddl = _read(config)
    try:
        topics = read_user_schema(ddl, slug(path.stem), config.dialect)
    except ExampleError as error:
        raise ConfigError(f"{path}: {error}") from None
    examples = generate(topics, size=size, seed=seed, source="schema", dialect=config.dialect)
    if not examples:
        raise ConfigError(f"{path}: no question can be asked about these tables")
    if len(examples) < size:
        log.warning("%s: only %d different questions, not %d", path, len(examples), size)
    return Loaded(examples=examples)


def _size(config: DataConfig) -> int:
    if config.size < 1:
        raise ConfigError(f"data.size is {config.size}; it must be at least 1")
    return config.size


def _read(config: DataConfig) -> tuple[Path, str]:
    if not config.path:
        raise ConfigError("data=schema needs your tables: set data.path=schema.sql")
    path = Path(config.path).expanduser()
    if not path.is_file():
        raise ConfigError(f"data.path={path} is not a file")
    content = path.read_bytes()
    if content.startswith(b"SQLite format 3\0"):
        raise ConfigError(
            f"{path} is a database; write its tables to a file first: "
            f"sqlite3 {path} .schema > schema.sql"
        )
    try:
        return path, content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text file of CREATE TABLE statements") from None
