"""What the fast trainer relies on in TRL; a version that moved any of it is refused by name."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import transformers
from trl import GRPOTrainer
from trl.kernels import ChunkedLogProbFunction

from sqlgrpo.errors import ConfigError

TRL = "1.16"
METHODS = {
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
}
"""Overridden methods and their leading parameters (further ones are multimodal)."""
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


def check() -> None:
    """Raise ``ConfigError`` with the part of the contract that the installed TRL breaks."""
    broken = violations()
    if broken:
        raise ConfigError(
            f"trl {version('trl')} does not fit the fast trainer, which is written for "
            f"trl {TRL}.*: {'; '.join(broken)}. Install trl~={TRL}.0 or set training.fast=false"
        )


def violations(trainer: type = GRPOTrainer) -> list[str]:
    """The methods of ``trainer`` that are gone or whose parameters changed."""
    broken = []
    for name, expected in METHODS.items():
        method = getattr(trainer, name, None)
        if method is None:
            broken.append(f"{name} is gone")
            continue
        found = tuple(inspect.signature(method).parameters)[1 : len(expected) + 1]
        if found != expected:
            broken.append(f"{name} takes ({', '.join(found)}), not ({', '.join(expected)})")
    found = tuple(inspect.signature(ChunkedLogProbFunction.forward).parameters)[1:]
    if found != HEAD:
        broken.append(f"ChunkedLogProbFunction takes ({', '.join(found)})")
    if not hasattr(transformers, "AttentionInterface"):
        broken.append("transformers has no AttentionInterface")
    return broken
