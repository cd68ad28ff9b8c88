"""Our settings, translated once into TRL's."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

import torch
from trl import GRPOConfig, SFTConfig

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.models.precision import autocasts
from sqlgrpo.models.prompts import stop_strings
from sqlgrpo.training.distributed import deepspeed
from sqlgrpo.training.run_folder import RunFolder

OURS = {
    "num_generations": "training.num_generations",
    "learning_rate": "training.learning_rate",
    "max_steps": "training.max_steps",
    "temperature": "training.temperature",
    "beta": "training.beta",
    "max_completion_length": "training.max_completion_tokens",
    "chat_template_kwargs": "the template in the tokenizer, which every stage uses,",
    "output_dir": "output_dir",
    "seed": "seed",
    "report_to": "training.report_to",
    "use_vllm": "training.rollouts",
    "deepspeed": "training.accelerator",
    "bf16": "training.autocast",
    "fp16": "training.autocast",
    "use_cpu": "training.autocast, which holds for the device that there is,",
    "save_steps": "training.eval_every",
    "save_strategy": "training.eval_every",
    "save_total_limit": "training.keep_checkpoints",
    "per_device_train_batch_size": "training.micro_batch_groups",
    "gradient_accumulation_steps": "training.batch_size and training.micro_batch_groups",
    **dict.fromkeys(
        ("lr_scheduler_type", "lr_scheduler_kwargs", "warmup_ratio", "warmup_steps"),
        "training.learning_rate, which rises over 5 % of the run and then falls to zero,",
    ),
}
"""TRL keys that have a home of their own in our config."""


def wants_wandb(config: Config) -> bool:
    """Was W&B asked for, and can it be used? Raises ``ConfigError`` when it cannot."""
    choice = config.training.report_to
    if choice not in ("auto", "wandb", "none"):
        raise ConfigError(f"training.report_to {choice!r} is not auto, wandb or none")
    offline = os.environ.get("WANDB_MODE") == "offline"
    has_key = bool(os.environ.get("WANDB_API_KEY"))
    if choice == "wandb" and not (has_key or offline):
        raise ConfigError(
            "training.report_to=wandb needs WANDB_API_KEY in .env, or WANDB_MODE=offline"
        )
    return choice == "wandb" or (choice == "auto" and has_key)


def trackers(config: Config, run: RunFolder) -> list[str]:
    """Where figures go besides ``metrics.jsonl``."""
    if not wants_wandb(config):
        return []
    os.environ.setdefault("WANDB_PROJECT", config.project_name)
    os.environ["WANDB_RUN_ID"] = run.tracker_id()  # the trials of a sweep share the environment
    os.environ.setdefault("WANDB_RESUME", "allow")
    return ["wandb"]


def precision(config: Config) -> dict[str, Any]:
    """Device and mixed precision, as TRL's arguments name them."""
    return {
        "use_cpu": not torch.cuda.is_available(),
        "bf16": autocasts(config.training.autocast),
    }


def grpo_arguments(
    config: Config, run: RunFolder, *, world_size: int = 1, **fixed: Any
) -> GRPOConfig:
    """``GRPOConfig`` for one step of ``batch_size`` prompts with G completions each.

    A micro-batch holds whole groups: ``micro_batch_groups`` of them per process. What is ``fixed``
    holds whatever the config says. Raises ``ConfigError`` for what TRL refuses.
    """
    training = config.training
    per_step = training.micro_batch_groups * world_size
    if training.batch_size % per_step:
        raise ConfigError(
            f"training.batch_size {training.batch_size} is not a multiple of "
            f"micro_batch_groups x processes = {per_step}"
        )
    ours: dict[str, Any] = {
        "output_dir": str(run.root),
        "seed": config.seed,
        "num_generations": training.num_generations,
        "per_device_train_batch_size": training.micro_batch_groups * training.num_generations,
        "gradient_accumulation_steps": training.batch_size // per_step,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": "constant",
        "max_steps": training.max_steps,
        "temperature": training.temperature,
        "beta": training.beta,
        "max_completion_length": training.max_completion_tokens,
        "save_strategy": "steps",
        "save_steps": training.eval_every,
        "logging_steps": 1,
        "logging_nan_inf_filter": not training.halts.not_finite,
        "report_to": trackers(config, run),
        "use_vllm": training.rollouts == "vllm",
        "run_name": run.root.name,
        "disable_tqdm": True,
        "deepspeed": deepspeed(training),
        **precision(config),
    }
    passed = _passed_through(config)
    try:
        return GRPOConfig(**ours | passed | _generation(config, passed) | fixed)
    except (TypeError, ValueError) as problem:
        raise ConfigError(f"training.trl: TRL refuses it: {problem}") from problem


def _generation(config: Config, passed: dict[str, Any]) -> dict[str, Any]:
    """Where a base model's completion ends; stock TRL's ``generate`` cannot stop at a text."""
    stops = stop_strings(chat=config.model.chat)
    if not stops or not config.training.fast:
        return {}
    name = "stop" if config.training.rollouts == "vllm" else "stop_strings"  # as each engine has it
    return {"generation_kwargs": {name: stops, **(passed.get("generation_kwargs") or {})}}


def sft_arguments(
    config: Config, run: RunFolder, *, max_steps: int, world_size: int = 1, **fixed: Any
) -> SFTConfig:
    """``SFTConfig`` of the warm start; prompts carry no loss."""
    warm = config.training.warm_start
    per_step = warm.micro_batch_size * world_size
    if warm.batch_size % per_step:
        raise ConfigError(
            f"training.warm_start.batch_size {warm.batch_size} is not a multiple of "
            f"micro_batch_size x processes = {per_step}"
        )
    return SFTConfig(
        output_dir=str(run.root / ".warm_start"),
        seed=config.seed,
        per_device_train_batch_size=warm.micro_batch_size,
        gradient_accumulation_steps=warm.batch_size // per_step,
        learning_rate=warm.learning_rate,
        lr_scheduler_type="constant",
        max_steps=max_steps,
        max_length=None,
        gradient_checkpointing=bool(config.training.trl.get("gradient_checkpointing", False)),
        train_sampling_strategy="sequential" if config.training.fast else "group_by_length",
        save_strategy="no",
        logging_steps=1,
        report_to=[],
        disable_tqdm=True,
        **precision(config) | fixed,
    )


def _passed_through(config: Config) -> dict[str, Any]:
    known = {field.name for field in fields(GRPOConfig)}
    for key in config.training.trl:
        if key in OURS:
            raise ConfigError(f"training.trl.{key}: set {OURS[key]} instead")
        if key not in known:
            raise unknown("key of training.trl (GRPOConfig)", key, known)
    return dict(config.training.trl)
