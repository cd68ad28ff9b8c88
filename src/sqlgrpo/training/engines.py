"""Which trainer samples with which engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from trl import GRPOTrainer

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.models.prompts import stop_strings
from sqlgrpo.training.fast import FastOptions
from sqlgrpo.training.rollouts_continuous import ContinuousGRPOTrainer
from sqlgrpo.training.rollouts_vllm import AdapterServer, ServerGRPOTrainer
from sqlgrpo.training.survive import SurvivingFastGRPOTrainer, SurvivingGRPOTrainer

Build = Callable[..., GRPOTrainer]


def local(config: Config) -> Build:
    """The trainer's own weights; ``vllm`` differs only in TRL's arguments."""
    training = config.training
    if training.fast:
        return partial(SurvivingFastGRPOTrainer, fast=FastOptions.of(training))
    if training.refill_rounds:
        raise ConfigError("training.refill_rounds needs training.fast=true")
    if training.packed_attention != FastOptions().attention:
        raise ConfigError("training.packed_attention needs training.fast=true")
    return SurvivingGRPOTrainer


def server(config: Config) -> Build:
    """Adapters loaded into a running vLLM."""
    training = config.training
    if not config.model.lora:
        raise ConfigError("training.rollouts=vllm_server loads adapters; set model.lora=true")
    if not training.fast:
        raise ConfigError("training.rollouts=vllm_server needs training.fast=true")
    if training.trl.get("generation_kwargs"):
        raise ConfigError(
            "training.rollouts=vllm_server sends no training.trl.generation_kwargs; set "
            "training.trl.top_p, top_k, min_p or repetition_penalty"
        )

    def build(**options: Any) -> GRPOTrainer:
        trainer = ServerGRPOTrainer(fast=FastOptions.of(training), **options)
        trainer.server = AdapterServer(config.training.rollouts_url)
        trainer.stop = stop_strings(chat=config.model.chat)
        return trainer

    return build


def continuous(config: Config) -> Build:
    """The trainer's own weights, through transformers' continuous batching."""
    training = config.training
    if not training.fast:
        raise ConfigError("training.rollouts=continuous needs training.fast=true")
    return partial(ContinuousGRPOTrainer, fast=FastOptions.of(training))


ENGINES: dict[str, Callable[[Config], Build]] = {
    "local": local,
    "continuous": continuous,
    "vllm": local,
    "vllm_server": server,
}


def trainer_for(config: Config) -> Build:
    """The trainer that ``training.rollouts`` and ``training.fast`` name."""
    name = config.training.rollouts
    if name not in ENGINES:
        raise unknown("training.rollouts", name, ENGINES)
    return ENGINES[name](config)
