"""Attention within packed rows: a prompt, and a tree of completions that hangs on its end."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa
from transformers.integrations.sdpa_attention import repeat_kv

from sqlgrpo.training.fast import short_attention


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
