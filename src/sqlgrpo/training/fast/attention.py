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
from sqlgrpo.training.fast import short_attention

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
        self.ends = ends
        self._masks: dict[tuple[int, int, int], Tensor] = {}

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
    ) -> Tensor:
        self.layers.add(layer)
        outputs: list[Tensor] = []
        for start, tree, stop in self.spans:
            row = slice(start, stop)
            q, k, v = query[:, :, row], key[:, :, row], value[:, :, row]
            if short_attention.suits(query, stop - start):
                hidden_QK = ~self.mask(start, start, stop)
                outputs.append(short_attention.attend(q, k, v, hidden_QK, scaling))
            else:
                outputs += self._in_two(q, k, v, scaling, (start, tree, stop))
        return torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0]

    def mask(self, start: int, first: int, stop: int) -> Tensor:
        """What the queries from ``first`` see of the row from ``start``: themselves and their
        ancestors. Made once for all layers."""
        span = (start, first, stop)
        if span not in self._masks:
            query = torch.arange(first, stop, device=self.ends.device)[:, None]
            key = torch.arange(start, stop, device=self.ends.device)[None, :]
            self._masks[span] = (key <= query) & (query < self.ends[start:stop][None, :])
        return self._masks[span]

    def _in_two(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None,
        span: tuple[int, int, int],
    ) -> list[Tensor]:
        groups = query.shape[1] // key.shape[1]
        key, value = repeat_kv(key, groups), repeat_kv(value, groups)
        start, tree, stop = span
        length = tree - start
        q, k, v = (part[:, :, :length] for part in (query, key, value))
        outputs = [sdpa(q, k, v, is_causal=True, scale=scaling)]
        if tree < stop:
            mask = self.mask(start, tree, stop)
            outputs.append(sdpa(query[:, :, length:], key, value, attn_mask=mask, scale=scaling))
        return outputs
