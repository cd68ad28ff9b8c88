"""Which trainer the settings name."""

from __future__ import annotations

import pytest

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError
from sqlgrpo.settings import read
from sqlgrpo.training.engines import trainer_for


def settings(*overrides: str) -> Config:
    return read(["model=tiny", "training=grpo_cpu", "data=builtin", *overrides], kind=Config)


def test_dynamic_sampling_reaches_the_fast_trainer() -> None:
    build = trainer_for(settings("training.refill_rounds=2"))

    assert build.keywords["fast"].refill_rounds == 2


def test_dynamic_sampling_needs_the_fast_trainer() -> None:
    with pytest.raises(ConfigError, match=r"training\.fast=true"):
        trainer_for(settings("training.refill_rounds=2", "training.fast=false"))


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(ConfigError, match="sglang"):
        trainer_for(settings("training.rollouts=sglang"))
