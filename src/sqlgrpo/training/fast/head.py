"""Log-probability and entropy of target tokens, straight from hidden states.

With a frozen head (LoRA, QLoRA) the gradient of log p(target) with respect to the hidden state,
``(W[target] - sum_v p_v W[v]) / temperature``, does not depend on the loss. It is computed while
the probabilities are at hand, and the backward pass is one multiplication: no logits are kept and
none are computed twice.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from trl.kernels import ChunkedLogProbFunction
from trl.trainer.utils import maybe_gather_lm_head_ctx

LOGITS_BYTES = {"cpu": 64 * 2**20, "cuda": 512 * 2**20}
VOCABULARY_TILE = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How a trainer turns logits into its policy's probabilities."""

    temperature: float
    float32: bool = False
    """Project in float32 outside autocast (TRL's ``cast_lm_head_to_fp32``)."""
    entropy_gradient: bool = False
    """The loss contains an entropy bonus."""


def score(hidden: Tensor, head: nn.Module, targets: Tensor, how: Head) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies (T,) of ``targets`` given ``hidden`` (T, H)."""
    weight, bias = head.weight, head.bias
    hidden = hidden.to(weight.device)
    targets = targets.to(weight.device)
    context: Any = nullcontext()
    if how.float32:
        hidden = hidden.float()
        context = torch.autocast(hidden.device.type, enabled=False)
    with context, maybe_gather_lm_head_ctx(weight, bias):
        if how.entropy_gradient or weight.requires_grad or bias is not None:
            logps, entropies, *_ = ChunkedLogProbFunction.apply(
                hidden,
                weight,
                bias,
                targets,
                how.temperature,
                VOCABULARY_TILE,
                None,
                1.0,
                ("entropy",),
            )
        else:
            logps, entropies = _FrozenHead.apply(hidden, weight, targets, how.temperature)
    return logps, entropies


class _FrozenHead(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        device = hidden.device.type
        dtype = hidden.dtype
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
        weight = weight.to(dtype)
        total = len(targets)
        logps = hidden.new_empty(total, dtype=torch.float32)
        entropies = torch.empty_like(logps)
        needs_grad = ctx.needs_input_grad[0]
        slopes = torch.empty_like(hidden) if needs_grad else None
        step = max(1, LOGITS_BYTES.get(device, LOGITS_BYTES["cuda"]) // (4 * len(weight)))
        for start in range(0, total, step):
            part = slice(start, start + step)
            logits = torch.mm(hidden[part].to(dtype), weight.t()).float().div_(temperature)
            log_z = logits.logsumexp(dim=-1, keepdim=True)
            target = targets[part, None]
            logps[part] = (logits.gather(-1, target) - log_z).squeeze(-1)
            p = torch.exp(logits - log_z)
            entropies[part] = log_z.squeeze(-1) - (p * logits).sum(dim=-1)
            if slopes is not None:
                # Before the cast: where p(target) is near 1, rounding it first would leave noise.
                p.scatter_add_(-1, target, p.new_full(target.shape, -1.0))
                slopes[part] = torch.mm(p.to(dtype), weight).float().div_(-temperature)
        ctx.save_for_backward(*([] if slopes is None else [slopes]))
        ctx.mark_non_differentiable(entropies)
        ctx.set_materialize_grads(False)
        return logps, entropies

    @staticmethod
    def backward(
        ctx: Any, grad_logps: Tensor | None, _grad_entropies: Tensor | None
    ) -> tuple[Tensor | None, None, None, None]:
        if grad_logps is None or not ctx.needs_input_grad[0]:
            return None, None, None, None
        (slopes,) = ctx.saved_tensors
        return (slopes * grad_logps[:, None]).to(slopes.dtype), None, None, None
