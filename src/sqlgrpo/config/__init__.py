"""The shape of every config: names, types and defaults live here, values in ``configs/``.

One file for each group of ``configs/``. A key that is not in a dataclass is an error at start-up,
so a typo can never become a silently ignored setting. ``training.trl`` is the exception: TRL's
``GRPOConfig`` types those keys itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlgrpo.config.data import DataConfig
from sqlgrpo.config.environment import EnvironmentConfig, TurnsConfig
from sqlgrpo.config.evaluation import EndpointConfig, EvaluationConfig
from sqlgrpo.config.model import ModelConfig
from sqlgrpo.config.training import (
    HaltsConfig,
    TelemetryConfig,
    TrainingConfig,
    WarmStartConfig,
)
from sqlgrpo.config.verifier import CompareConfig, LimitsConfig, SuiteConfig, VerifierConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a run needs; written to ``config.yaml`` in its folder."""

    project_name: str = "sqlgrpo"
    seed: int = 42
    output_dir: str = "outputs/run"
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    verifier: VerifierConfig = field(default_factory=VerifierConfig)
    environment: EnvironmentConfig = field(default_factory=EnvironmentConfig)
    data: DataConfig = field(default_factory=DataConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateConfig(Config):
    """What ``scripts/evaluate.py`` needs beyond a run's settings."""

    policy: str = "checkpoint"
    """Who answers: ``checkpoint``, ``base``, ``gold``, ``hacks`` or ``endpoint``."""
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    checkpoint: str | None = None
    """Folder of an adapter; its run's ``config.yaml`` says which model it belongs to."""
    split: str = "test"
    """``train``, ``validation``, ``test`` or ``all``."""


__all__ = [
    "CompareConfig",
    "Config",
    "DataConfig",
    "EndpointConfig",
    "EnvironmentConfig",
    "EvaluateConfig",
    "EvaluationConfig",
    "HaltsConfig",
    "LimitsConfig",
    "ModelConfig",
    "SuiteConfig",
    "TelemetryConfig",
    "TrainingConfig",
    "TurnsConfig",
    "VerifierConfig",
    "WarmStartConfig",
]
