"""Log-probabilities of sampling, in place of a second pass over the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from trl.trainer.utils import pad

from sqlgrpo.inference.engine import RolloutEngine
from sqlgrpo.training.fast.forward import drops_out


def serves_as_old(trainer: Any, engine: RolloutEngine) -> bool:
    """Will TRL ask for log-probabilities of these samples, and has the sampler the same?"""
    args = trainer.args
    asked = args.gradient_accumulation_steps % (args.steps_per_generation * args.num_iterations)
    one_turn = trainer.rollout_func is None and not trainer.tools
    in_float32 = trainer.accelerator.mixed_precision == "no" and engine.in_float32
    same = engine.sampler.temperature == trainer.temperature and not drops_out(trainer.model)
    return bool(asked) and one_turn and in_float32 and same


def padded(trainer: Any, logps: Sequence[Sequence[float]]) -> Tensor:
    """Log-probabilities of completions, (B, C), padded as TRL pads the completions."""
    rows: Tensor = pad(
        [torch.tensor(row) for row in logps],
        padding_value=0.0,
        padding_side="right",
        pad_to_multiple_of=trainer.pad_to_multiple_of,
    )
    return rows.to(trainer.accelerator.device)
