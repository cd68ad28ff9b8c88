"""Attention over short rows in bfloat16 on a CPU, where PyTorch's own kernel is slow backward.

Plain matrix products, twice as fast at a few hundred tokens. The probabilities are kept for the
backward pass, so it is for short rows only. Heads that share a key head are stacked as more
queries of it, and no key is repeated.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

LONGEST = 768
"""Tokens in a row up to which keeping the probabilities costs less memory than it saves time."""


def suits(query: Tensor, tokens: int) -> bool:
    """Is this the faster way for a row of ``tokens``?"""
    return query.device.type == "cpu" and query.dtype == torch.bfloat16 and tokens <= LONGEST


def attend(
    query: Tensor, key: Tensor, value: Tensor, hidden_QK: Tensor, scaling: float | None
) -> Tensor:
    """Output (1, heads, Q, D) for query (1, heads, Q, D), key and value (1, key heads, K, D)."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    output: Tensor = _ShortAttention.apply(query, key, value, hidden_QK, scale)
    return output


class _ShortAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, hidden_QK: Tensor, scale: float
    ) -> Tensor:
        heads, queries, size = query.shape[1:]
        key_heads, keys = key.shape[1:3]
        stacked = (query[0] * scale).reshape(key_heads, -1, size)
        scores = torch.bmm(stacked, key[0].transpose(1, 2)).view(heads, queries, keys)
        p = scores.masked_fill_(hidden_QK, -torch.inf).softmax(dim=-1).view(key_heads, -1, keys)
        ctx.save_for_backward(stacked, key[0], value[0], p)
        ctx.scale = scale
        return torch.bmm(p, value[0]).view(1, heads, queries, size)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        stacked, key, value, p = ctx.saved_tensors
        g = grad[0].reshape(stacked.shape)
        grad_value = torch.bmm(p.transpose(1, 2), g)
        grad_p = torch.bmm(g, value.transpose(1, 2))
        grad_scores = torch._softmax_backward_data(grad_p, p, -1, p.dtype)
        grad_query = torch.bmm(grad_scores, key) * ctx.scale
        grad_key = torch.bmm(grad_scores.transpose(1, 2), stacked)
        return grad_query.view(grad.shape), grad_key[None], grad_value[None], None, None
