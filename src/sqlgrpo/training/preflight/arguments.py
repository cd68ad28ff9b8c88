"""What TRL or a trainer would refuse, told before the warm start and not after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError
from sqlgrpo.training import contract
from sqlgrpo.training.arguments import grpo_arguments, sft_arguments, wants_wandb
from sqlgrpo.training.curriculum import curriculum_for
from sqlgrpo.training.distributed import world
from sqlgrpo.training.engines import trainer_for
from sqlgrpo.training.preflight.finding import Findings, error
from sqlgrpo.training.run_folder import RunFolder


def check_arguments(config: Config) -> Findings:
    """Builds the arguments of both stages, without a GPU: the process may be one that only
    launches others. Those find nothing; they were checked before they started."""
    if world().size > 1:
        return []
    training = config.training
    alone = replace(config, training=replace(training, accelerator="none", report_to="none"))
    run, size = RunFolder(Path(config.output_dir)), training.num_gpus
    attempts: list[Callable[[], object]] = [
        partial(trainer_for, config),
        partial(curriculum_for, training.curriculum, [], config.seed),
        partial(wants_wandb, config),
        partial(grpo_arguments, alone, run, world_size=size, use_cpu=True),
    ]
    if training.fast:
        attempts.append(contract.check)
    if training.warm_start.enabled:
        sft = partial(sft_arguments, alone, run, max_steps=1, world_size=size, use_cpu=True)
        attempts.append(sft)
    return [finding for attempt in attempts for finding in _refusal(attempt)]


def _refusal(attempt: Callable[[], object]) -> Findings:
    try:
        attempt()
    except ConfigError as problem:
        return error("settings", str(problem), "docs/configuration.md explains them")
    return []
