"""Attention for packed rows, as an attention implementation registered with transformers.

A forward that carries ``tree_attention=...`` attends as that object says; every other forward is
plain SDPA, so the same model still evaluates, generates and saves as before.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
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


def reason_not_to_branch(model: PreTrainedModel) -> str:
    """Why ``model`` cannot attend to a tree of tokens; empty when it can."""
    config = model.config.get_text_config()
    if config is not model.config:
        return "it reads more than text"
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return f"its layers are not all full attention ({', '.join(sorted(kinds))})"
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return "it attends in a sliding window"
    if getattr(config, "attn_logit_softcapping", None) is not None:
        return "it caps its attention scores"
    if not model._can_set_attn_implementation():
        return "it does not use transformers' attention interface"
    return ""


def unread_mask(device: torch.device) -> Tensor:
    """A 4-D mask that tree attention does not look at: given one, transformers builds none."""
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
