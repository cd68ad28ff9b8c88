"""Settings that contradict each other, or that would be ignored in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError
from sqlgrpo.models import check_checkpoint
from sqlgrpo.training.preflight import vllm
from sqlgrpo.training.preflight.arguments import check_arguments
from sqlgrpo.training.preflight.finding import Findings, error, warning


def continuous_by_the_back_door(config: Config) -> Findings:
    """TRL 1.16 casts the trained weights to bfloat16 to sample from them, and leaves them so."""
    name = "use_transformers_continuous_batching"
    if name not in config.training.trl:
        return []
    return error(
        f"training.trl.{name}",
        "TRL leaves the trained weights in bfloat16, where small steps are rounded away",
        "set training.rollouts=continuous, which samples from a copy",
    )


def quantized_for_zero3(config: Config) -> Findings:
    """Sharding packed weights needs a storage type that bitsandbytes does not use by default."""
    training = config.training
    zero3 = training.accelerator == "deepspeed" and training.zero_stage == 3
    if not (config.model.load_in_4bit and zero3):
        return []
    return error(
        "QLoRA with ZeRO-3",
        "ZeRO-3 shards weights by bytes it cannot see in packed NF4, and gathers them each step",
        "use training.zero_stage=2 or training.accelerator=ddp; 4-bit weights fit every card",
    )


def quantized_without_adapter(config: Config) -> Findings:
    if not config.model.load_in_4bit or config.model.lora:
        return []
    return error(
        "4-bit weights without an adapter",
        "NF4 weights have no gradient: nothing would be trained",
        "set model.lora=true or model.load_in_4bit=false",
    )


def low_precision_master(config: Config) -> Findings:
    """An Adam step at an RL learning rate is smaller than the spacing of bfloat16 numbers."""
    keeps_float32 = config.training.accelerator == "deepspeed"
    if config.model.lora or config.model.dtype == "float32" or keeps_float32:
        return []
    return error(
        "all weights in " + config.model.dtype,
        f"a step of {config.training.learning_rate:g} is rounded away in most weights",
        "use training=grpo_full (DeepSpeed keeps float32 weights) or model.dtype=float32",
    )


def float32_on_gpu(config: Config) -> Findings:
    if not config.model.needs_gpu or config.model.dtype != "float32":
        return []
    return warning("model.dtype", "float32 doubles memory", "set model.dtype=bfloat16")


def unused_distribution(config: Config) -> Findings:
    training = config.training
    found: Findings = []
    if training.accelerator == "none" and training.num_gpus != 1:
        found += error(
            "training.num_gpus",
            f"{training.num_gpus} processes, but training.accelerator=none starts one",
            "set training.accelerator=ddp or deepspeed",
        )
    if training.accelerator == "deepspeed" and training.zero_stage not in (1, 2, 3):
        found += error("training.zero_stage", str(training.zero_stage), "set 1, 2 or 3")
    if training.accelerator != "deepspeed" and (training.zero_stage != 2 or training.offload):
        found += warning(
            "training.zero_stage, training.offload",
            f"ignored with training.accelerator={training.accelerator}",
            "set training.accelerator=deepspeed or leave them out",
        )
    return found


def gpu_only(config: Config) -> Findings:
    found: Findings = []
    if torch.cuda.is_available():
        return found
    optim = str(config.training.trl.get("optim", "adamw_torch"))
    if optim.endswith(("8bit", "32bit")):
        found += error("training.trl.optim", f"{optim} needs a GPU", "set it to adamw_torch")
    if config.training.packed_attention == "flex":
        found += error("training.packed_attention", "flex needs a GPU", "set it to sdpa")
    return found


def offload_optimizer(config: Config) -> Findings:
    optim = str(config.training.trl.get("optim", "adamw_torch"))
    if not config.training.offload or optim.startswith("adamw_torch"):
        return []
    return error(
        "training.offload",
        f"DeepSpeed's CPU Adam would replace training.trl.optim={optim}",
        "set training.trl.optim=adamw_torch or training.offload=false",
    )


def given_warm_start(config: Config) -> Findings:
    folder = config.training.warm_start.adapter
    try:
        if folder:
            check_checkpoint(Path(folder))
    except ConfigError as problem:
        return error("training.warm_start.adapter", str(problem), "name the folder of a warm start")
    return []


def checkpoints_between_generations(config: Config) -> Findings:
    """Completions that are still to be used are not in a checkpoint."""
    training = config.training
    sampled, accumulate, passes = _micro_batches(config)
    per = sampled * passes // accumulate
    if per < 2 or training.eval_every % per == 0:
        return []
    return warning(
        "training.eval_every",
        f"checkpoints at multiples of {training.eval_every}, generations every {per} steps: "
        "a resumed run would not continue exactly",
        f"set training.eval_every to a multiple of {per}",
    )


def passes_within_a_step(config: Config) -> Findings:
    """A second pass is of use only with other weights than the first."""
    sampled, accumulate, passes = _micro_batches(config)
    if passes < 2 or sampled >= accumulate:
        return []
    return warning(
        "training.trl.steps_per_generation",
        f"{sampled} micro-batches are sampled at once, but an optimizer step has {accumulate}: "
        "passes over them repeat each other with the same weights",
        f"set it to a multiple of {accumulate}",
    )


def _micro_batches(config: Config) -> tuple[int, int, int]:
    """How many are sampled at once, how many an optimizer step has, and the passes over each."""
    trl, training = config.training.trl, config.training
    together = training.micro_batch_groups * training.num_gpus
    accumulate = max(1, training.batch_size // together)
    sampled = int(trl.get("steps_per_generation", accumulate))
    return sampled, accumulate, int(trl.get("num_iterations", 1))


def unused_samples(config: Config) -> Findings:
    training = config.training
    if not training.curriculum_samples or training.curriculum != "none":
        return []
    return error(
        "training.curriculum_samples",
        f"{training.curriculum_samples} samples per example, but no curriculum reads them",
        "set training.curriculum=learnable, or 0 samples",
    )


def exploration(config: Config) -> Findings:
    training = config.training
    found: Findings = []
    if training.num_generations < 2:
        found += error(
            "training.num_generations",
            f"{training.num_generations}: a group of one has no advantage",
            "set at least 2; 8 is usual",
        )
    if training.temperature <= 0:
        found += error(
            "training.temperature",
            f"{training.temperature}: all completions of a group would be equal",
            "set it to about 1.0",
        )
    return found


def base_model(config: Config) -> Findings:
    """Text that a model without turns needs to end its answer."""
    training = config.training
    if config.model.chat:
        return []
    found: Findings = []
    if not training.warm_start.enabled and not training.warm_start.adapter:
        found += warning(
            "base model without a warm start",
            "nothing has taught it to end with EOS; answers are cut at a blank line",
            "set training.warm_start.enabled=true",
        )
    if not training.fast:
        found += warning(
            "training.fast=false with a base model",
            "stock TRL cannot stop at a blank line; answers run to the token limit",
            "set training.fast=true",
        )
    return found


def masked_stops(config: Config) -> Findings:
    """TRL 1.16 calls every completion truncated whose last token is not EOS."""
    trl = config.training.trl
    if not trl.get("mask_truncated_completions"):
        return []
    asked = trl.get("generation_kwargs") or {}
    given = asked.get("stop_strings") or asked.get("stop")
    if not given and config.model.chat:
        return []
    where = f"at {given!r}" if given else "at a blank line, as a base model's do,"
    return error(
        "training.trl.mask_truncated_completions",
        f"a completion that ends {where} counts as truncated: it has no loss left",
        "set it to false" + (", or leave out the stop strings" if given else ""),
    )


def halting(config: Config) -> Findings:
    halts = config.training.halts
    found: Findings = []
    for name, least in (("window", 1), ("evaluations", 1)):
        if getattr(halts, name) < least:
            found += error(f"training.halts.{name}", f"{getattr(halts, name)}", "set at least 1")
    return found


def answer_lengths(config: Config) -> Findings:
    limit, asked = config.training.max_completion_tokens, config.evaluation.max_new_tokens
    if asked >= limit:
        return []
    return warning(
        "evaluation.max_new_tokens",
        f"{asked}: answers may be longer in training ({limit}) than when they are measured",
        f"set evaluation.max_new_tokens={limit}",
    )


CHECKS: tuple[Callable[[Config], Findings], ...] = (
    *vllm.CHECKS,
    continuous_by_the_back_door,
    quantized_for_zero3,
    quantized_without_adapter,
    low_precision_master,
    float32_on_gpu,
    unused_distribution,
    gpu_only,
    offload_optimizer,
    given_warm_start,
    checkpoints_between_generations,
    passes_within_a_step,
    exploration,
    unused_samples,
    base_model,
    masked_stops,
    halting,
    answer_lengths,
)


def check_settings(config: Config) -> Findings:
    """Everything that the settings alone tell."""
    found = [finding for check in CHECKS for finding in check(config)]
    if any(finding.level == "error" for finding in found):
        return found
    return found + check_arguments(config)
