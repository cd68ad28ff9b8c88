"""What this package relies on in TRL; a version that moved any of it is refused by name."""

from __future__ import annotations

import hashlib
import inspect
from importlib import import_module
from importlib.metadata import version
from typing import Any

from sqlgrpo.errors import ConfigError

TRL = "1.16"
NAMES = {
    "transformers": ("AttentionInterface",),
    "trl": ("GRPOConfig", "GRPOTrainer", "SFTConfig", "SFTTrainer"),
    "trl.kernels": ("ChunkedLogProbFunction",),
    "trl.models": ("unwrap_model_for_generation",),
    "trl.trainer.utils": ("RepeatSampler", "maybe_gather_lm_head_ctx", "pad", "split_tensor_dict"),
}
"""Modules and what is imported from them."""
METHODS: dict[str, tuple[str, ...]] = {
    "_prepare_inputs": ("generation_batch",),
    "_generate_and_score_completions": ("inputs",),
    "_generate_single_turn": (
        "prompt_ids",
        "images",
        "multimodal_fields",
        "num_generations",
        "has_tool_images",
    ),
    "_calculate_rewards": ("inputs", "prompts", "completions", "completion_ids_list"),
    "_get_per_token_logps_and_entropies": (
        "model",
        "input_ids",
        "attention_mask",
        "logits_to_keep",
        "batch_size",
        "compute_entropy",
        "compute_aux_loss",
    ),
    "_compute_loss": ("model", "inputs"),
    "training_step": ("model", "inputs", "num_items_in_batch"),
    "_get_train_sampler": ("dataset",),
    "_get_output_dir": ("trial",),
    "_save_checkpoint": ("model", "trial"),
}
"""Overridden methods of ``GRPOTrainer`` and their leading parameters (others are multimodal)."""
REWRITTEN = {"_prepare_inputs": "f824e7fb07147956"}
"""Methods that are not called any more: ours does the same with groups. The start of the SHA-256 of
the source it was written against; read both when it changes."""
ATTRIBUTES = (
    "_buffered_inputs",
    "_dist",
    "_entropy_bonus_enabled",
    "_metrics",
    "_step",
    "_tokenizer",
    "multi_objective_aggregation",
    "off_policy_mask_threshold",
    "pad_to_multiple_of",
    "reward_weights",
    "rollout_func",
    "scale_rewards",
    "tools",
    "top_entropy_quantile",
)
"""Of a ``GRPOTrainer``, beyond what transformers documents of any ``Trainer``."""
HEAD = (
    "hidden",
    "weight",
    "bias",
    "targets",
    "temperature",
    "chunk_size",
    "final_logit_softcapping",
    "logit_scale",
    "outputs",
)


def check_names() -> None:
    """Raise ``ConfigError`` if anything that is imported is gone; call it before importing it."""
    _refuse(missing(), "")


def check() -> None:
    """Raise ``ConfigError`` with the part of the contract that the installed TRL breaks."""
    _refuse(violations(), " or set training.fast=false")


def check_attributes(trainer: Any) -> None:
    """Raise ``ConfigError`` if a trainer has not all that the fast one reads."""
    gone = [f"GRPOTrainer.{name} is gone" for name in ATTRIBUTES if not hasattr(trainer, name)]
    _refuse(gone, " or set training.fast=false")


def missing() -> list[str]:
    """What is not where it is imported from."""
    return [
        f"{module}.{name} is gone"
        for module, names in NAMES.items()
        for name in names
        if not _has(module, name)
    ]


def violations(trainer: type | None = None) -> list[str]:
    """The methods of ``trainer``, by default TRL's, that are gone, or whose parameters or source
    changed."""
    broken = missing()
    if broken:
        return broken
    from trl import GRPOTrainer
    from trl.kernels import ChunkedLogProbFunction

    for name, expected in METHODS.items():
        broken += _changes(trainer or GRPOTrainer, name, expected)
    found = tuple(inspect.signature(ChunkedLogProbFunction.forward).parameters)[1:]
    if found != HEAD:
        broken.append(f"ChunkedLogProbFunction takes ({', '.join(found)})")
    return broken


def _changes(trainer: type, name: str, expected: tuple[str, ...]) -> list[str]:
    method = getattr(trainer, name, None)
    if method is None:
        return [f"{name} is gone"]
    found = tuple(inspect.signature(method).parameters)[1 : len(expected) + 1]
    if found != expected:
        return [f"{name} takes ({', '.join(found)}), not ({', '.join(expected)})"]
    if name in REWRITTEN and _fingerprint(method) != REWRITTEN[name]:
        return [f"{name} does something else"]
    return []


def _fingerprint(method: Any) -> str:
    source = inspect.getsource(inspect.unwrap(method))
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _has(module: str, name: str) -> bool:
    try:
        return hasattr(import_module(module), name)
    except ModuleNotFoundError:
        return False


def _refuse(broken: list[str], otherwise: str) -> None:
    if broken:
        raise ConfigError(
            f"trl {version('trl')} and transformers {version('transformers')} do not fit: this is "
            f"written for trl {TRL}.*: {'; '.join(broken)}. Install trl~={TRL}.0{otherwise}"
        )
