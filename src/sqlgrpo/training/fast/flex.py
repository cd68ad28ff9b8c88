"""Packed rows by FlexAttention: one kernel for all, without the blocks that nothing sees."""

from __future__ import annotations

from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask
from transformers.integrations.flex_attention import compile_friendly_flex_attention, flex_attention
from transformers.integrations.sdpa_attention import repeat_kv

from sqlgrpo.training.fast.forest import PackedBatch


class FlexPackedAttention:
    """What ``PackedAttention`` computes, as one call a layer.

    A token is seen by itself and by all that come before its end, so no token of one row is seen
    from another, and what opens all prompts is seen from everywhere.
    """

    def __init__(self, batch: PackedBatch) -> None:
        self.layers: set[int] = set()
        ends_T = batch.ends_T
        tokens = len(ends_T)

        def seen(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            return (key <= query) & (query < ends_T[key])

        self.mask = create_block_mask(seen, None, None, tokens, tokens, device=ends_T.device)

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
    ) -> Tensor:
        self.layers.add(layer)
        # Under autocast, RoPE leaves query and key in float32; SDPA casts by itself.
        query, key = query.to(value.dtype), key.to(value.dtype)
        groups = query.shape[1] // key.shape[1]
        key, value = repeat_kv(key, groups), repeat_kv(value, groups)
        attend = compile_friendly_flex_attention if query.is_cuda else flex_attention
        output: Tensor = attend(query, key, value, block_mask=self.mask, scale=scaling)
        return output
