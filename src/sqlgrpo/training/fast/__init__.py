"""GRPO that pays once for what the completions of a group share, with stock TRL's gradients."""

from sqlgrpo.training.fast.options import FastOptions
from sqlgrpo.training.fast.trainer import FastGRPOTrainer

__all__ = ["FastGRPOTrainer", "FastOptions"]
