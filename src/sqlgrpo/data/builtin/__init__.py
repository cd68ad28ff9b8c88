"""Examples made from scratch: question forms over built-in schemas, or over the user's own."""

from __future__ import annotations

from sqlgrpo.config import DataConfig
from sqlgrpo.data.builtin.domains import builtin_topics
from sqlgrpo.data.builtin.generate import generate
from sqlgrpo.data.loaded import Loaded

__all__ = ["load_builtin"]


def load_builtin(config: DataConfig, seed: int) -> Loaded:
    """``data=builtin``: ``config.size`` examples over the built-in schemas."""
    return Loaded(
        examples=generate(builtin_topics(), size=config.size, seed=seed, source="builtin")
    )
