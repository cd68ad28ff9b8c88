"""Attention for packed rows, as an attention implementation registered with transformers.

A forward that carries ``tree_attention=...`` attends as that object says; every other forward is
plain SDPA, so the same model still evaluates, generates and saves as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from sqlgrpo.errors import ConfigError

NAME = "sqlgrpo_tree"
ARGUMENT = "tree_attention"


class TreeAttention(Protocol):
    """How the tokens of one packed row see each other."""

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
    ) -> Tensor:
        """Attention output (1, heads, T, head size) from query, key and value of that layout."""
        ...


def register(model: PreTrainedModel) -> None:
    """Let ``model`` understand ``tree_attention=``."""
    AttentionInterface.register(NAME, _forward)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    if model.config._attn_implementation != NAME:
        raise ConfigError(
            f"{type(model).__name__} does not use transformers' attention interface; "
            "set training.fast=false"
        )


def placeholder(device: torch.device) -> Tensor:
    """A 4-D mask, which transformers hands through untouched instead of building its own."""
    return torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device)


def _forward(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    tree_attention: TreeAttention | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    if tree_attention is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **options
        )
    output = tree_attention(module.layer_idx, query, key, value, scaling)
    return output.transpose(1, 2).contiguous(), None


class PackedAttention:
    """Rows of ``trie.pack`` laid end to end; each attends within itself.

    The prompt is plain causal attention; only the few tree tokens need a mask.
    """

    def __init__(self, spans: Sequence[tuple[int, int, int]], ends: Tensor) -> None:
        """``spans`` holds (start, first tree token, stop) of every row; ``ends`` as in a row."""
        self.layers: set[int] = set()
        self.spans = spans
        self.masks = [_mask(ends, *span) if span[1] < span[2] else None for span in spans]

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
    ) -> Tensor:
        self.layers.add(layer)
        groups = query.shape[1] // key.shape[1]
        key, value = repeat_kv(key, groups), repeat_kv(value, groups)
        outputs: list[Tensor] = []
        for (start, tree, stop), mask in zip(self.spans, self.masks, strict=True):
            prompt, row, tail = slice(start, tree), slice(start, stop), slice(tree, stop)
            outputs.append(
                sdpa(
                    query[:, :, prompt],
                    key[:, :, prompt],
                    value[:, :, prompt],
                    is_causal=True,
                    scale=scaling,
                )
            )
            if mask is not None:
                outputs.append(
                    sdpa(
                        query[:, :, tail],
                        key[:, :, row],
                        value[:, :, row],
                        attn_mask=mask,
                        scale=scaling,
                    )
                )
        return torch.cat(outputs, dim=2)


def _mask(ends: Tensor, start: int, tree: int, stop: int) -> Tensor:
    query = torch.arange(tree, stop, device=ends.device)[:, None]
    key = torch.arange(start, stop, device=ends.device)[None, :]
    return (key <= query) & (query < ends[start:stop][None, :])
