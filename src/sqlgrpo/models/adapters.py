"""LoRA adapters: their configuration, and the precision they are trained in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from peft import LoraConfig, PeftModel
from torch import nn

from sqlgrpo.config import ModelConfig


def lora(config: ModelConfig) -> LoraConfig | None:
    """The adapter to train, or ``None`` when all weights are trained."""
    if not config.lora:
        return None
    return LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=config.lora_targets,
        task_type="CAUSAL_LM",
    )


def adapters_to_float32(model: nn.Module) -> int:
    """Cast trainable parameters to float32 and return how many tensors changed.

    TRL casts QLoRA adapters to bfloat16, where an Adam step at an RL learning rate is smaller than
    the spacing of the numbers: most of ``lora_A`` then never moves.
    """
    low = [p for p in model.parameters() if p.requires_grad and p.dtype != torch.float32]
    for parameter in low:
        parameter.data = parameter.data.float()
    return len(low)


@contextmanager
def unrounded(model: nn.Module) -> Iterator[None]:
    """Adapters that ``model`` comes with are afterwards what they were before.

    For the construction of a TRL trainer: it casts QLoRA adapters to bfloat16, and a cast back to
    float32 would go on from other weights than those that were saved and measured.
    """
    trained = model.parameters() if isinstance(model, PeftModel) else ()
    before = [(p, p.detach().clone()) for p in trained if p.requires_grad]
    yield
    for parameter, value in before:
        parameter.data = value.to(parameter.device)
