"""The trainer as TRL built it: what will move, and in which precision."""

from __future__ import annotations

import torch
from torch import nn

from sqlgrpo.training.preflight.finding import Findings, error, ok


def check_trained(model: nn.Module, *, master_weights: bool = False) -> Findings:
    """Every trained tensor in float32, and at least one of them.

    TRL casts QLoRA adapters to bfloat16, where most of ``lora_A`` never moves. With
    ``master_weights`` the optimizer keeps float32 copies (DeepSpeed).
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        return error("trained parameters", "none", "set model.lora=true or load other weights")
    low = [p for p in trained if p.dtype != torch.float32]
    if low and not master_weights:
        return error(
            "precision of trained parameters",
            f"{len(low)} of {len(trained)} tensors in {low[0].dtype}: their steps are rounded away",
            "call adapters_to_float32(model) after the trainer is built",
        )
    return ok("trained parameters", f"{sum(p.numel() for p in trained):,} in float32")
