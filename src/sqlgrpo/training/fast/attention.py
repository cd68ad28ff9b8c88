"""Attention of packed rows: a prompt, a tree of completions on its end, and a common opening."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa
from transformers.integrations.sdpa_attention import repeat_kv

from sqlgrpo.training.fast import short_attention
from sqlgrpo.training.fast.forest import PackedBatch


class PackedAttention:
    """Rows of ``trie.pack`` laid end to end; each attends to what all share, and within itself.

    A prompt that shares nothing is plain causal attention; only the few tree tokens need a mask.
    """

    def __init__(self, batch: PackedBatch) -> None:
        self.layers: set[int] = set()
        self.shared = batch.shared
        self.spans = batch.spans
        self.ends = batch.ends_T
        self._masks: dict[tuple[int, int, int], Tensor] = {}

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
    ) -> Tensor:
        self.layers.add(layer)
        outputs: list[Tensor] = []
        if self.shared:
            outputs.append(self._attend(query, key, value, scaling, (0, self.shared)))
        for start, tree, stop in self.spans:
            if self.shared or short_attention.suits(query, stop - start):
                outputs.append(self._attend(query, key, value, scaling, (start, stop)))
            else:
                row = slice(start, stop)
                q, k, v = query[:, :, row], key[:, :, row], value[:, :, row]
                outputs += self._in_two(q, k, v, scaling, (start, tree, stop))
        return torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0]

    def mask(self, start: int, first: int, stop: int) -> Tensor:
        """What the queries from ``first`` see of what all share and of the row from ``start``:
        themselves and their ancestors. Made once for all layers."""
        span = (start, first, stop)
        if span not in self._masks:
            query = torch.arange(first, stop, device=self.ends.device)[:, None]
            key = self._keys(torch.arange(stop, device=self.ends.device), start)[None, :]
            ends = self._keys(self.ends[:stop], start)[None, :]
            self._masks[span] = (key <= query) & (query < ends)
        return self._masks[span]

    def _keys(self, values: Tensor, start: int, dim: int = 0) -> Tensor:
        """Of values per token up to a row's stop: those of what all share, and of the row."""
        row = values.narrow(dim, start, values.shape[dim] - start)
        if not self.shared or not start:
            return row
        return torch.cat([values.narrow(dim, 0, self.shared), row], dim=dim)

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None,
        span: tuple[int, int],
    ) -> Tensor:
        """The tokens of a span, under one mask."""
        start, stop = span
        q = query[:, :, start:stop]
        k, v = (self._keys(part[:, :, :stop], start, dim=2) for part in (key, value))
        mask_QK = self.mask(start, start, stop)
        if short_attention.suits(query, k.shape[2]):
            return short_attention.attend(q, k, v, ~mask_QK, scaling)
        groups = query.shape[1] // key.shape[1]
        k, v = repeat_kv(k, groups), repeat_kv(v, groups)
        return sdpa(q, k, v, attn_mask=mask_QK, scale=scaling)

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
