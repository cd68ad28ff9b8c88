"""Keys and values of a growing tree per group, and attention from its newest tokens.

Nothing is copied when completions diverge: two children of a token are two slots with the same
ancestors, and a mask over the slots is all that tells their histories apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa

from sqlgrpo.inference.prefill import PackedPrompts, along
from sqlgrpo.inference.step import Part, Step

BLOCK = 64
"""Slots by which the cache grows."""


class TreeCache:
    """Slots (groups, heads, L, head size) per layer; the prompt of a group fills the first ones."""

    def __init__(self, prompts: PackedPrompts) -> None:
        self.prompts = prompts
        self.capacity = max(map(len, prompts.prompts)) + BLOCK
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}
        self.step: Step | None = None
        self._masks: list[Tensor] = []

    def start(self, step: Step) -> None:
        """The next forward pass carries the tokens of ``step``."""
        self.step = step
        self._masks = []
        if step.slots > self.capacity:
            self.capacity = step.slots + BLOCK
            for store in (self.keys, self.values):
                for layer, old in store.items():
                    store[layer] = old.new_zeros(*old.shape[:2], self.capacity, old.shape[3])
                    store[layer][:, :, : old.shape[2]] = old

    def keep(self, groups: Sequence[int]) -> None:
        """Forget every group that is not listed, and renumber the rest in that order."""
        for store in (self.keys, self.values):
            for layer in store:
                store[layer] = store[layer][list(groups)]

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
    ) -> Tensor:
        if self.step is None:
            self._store_prompts(layer, key, value)
            return self.prompts.attend(query, key, value, scaling)
        step = self.step
        keys, values = self.keys[layer], self.values[layer]
        keys[step.groups_R, :, step.slots_R] = key[0].transpose(0, 1)
        values[step.groups_R, :, step.slots_R] = value[0].transpose(0, 1)
        if not self._masks:
            shared = query.shape[1] // key.shape[1]
            self._masks = [_mask(part.visible_GQL, shared, query.dtype) for part in step.parts]
        outputs = [
            _attend(part, mask, query[0, :, part.rows], keys, values, scaling)
            for part, mask in zip(step.parts, self._masks, strict=True)
        ]
        return torch.cat(outputs).transpose(0, 1)[None]

    def _store_prompts(self, layer: int, key: Tensor, value: Tensor) -> None:
        paths = self.prompts.paths
        for store, new in ((self.keys, key), (self.values, value)):
            store[layer] = new.new_zeros(len(paths), new.shape[1], self.capacity, new.shape[3])
            for group, path in enumerate(paths):
                tokens = along(path, new)[0]
                store[layer][group, :, : tokens.shape[1]] = tokens


def _mask(visible_GQL: Tensor, shared: int, dtype: torch.dtype) -> Tensor:
    """What is added to the scores; the heads that share a key head are more queries of it."""
    seen = visible_GQL.repeat(1, shared, 1)[:, None]
    return torch.zeros_like(seen, dtype=dtype).masked_fill_(~seen, -torch.inf)


def _attend(
    part: Part, mask: Tensor, query: Tensor, keys: Tensor, values: Tensor, scaling: float | None
) -> Tensor:
    """From queries (heads, R, size) to (R, heads, size); no key is repeated."""
    groups, width, slots = part.visible_GQL.shape
    heads, _, size = query.shape
    shared = heads // keys.shape[1]
    padded = query.new_zeros(groups * width, heads, size)
    padded[part.places_R] = query.transpose(0, 1)
    padded = padded.view(groups, width, -1, shared, size).permute(0, 2, 3, 1, 4)
    output = sdpa(
        padded.reshape(groups, -1, shared * width, size),
        keys[part.groups, :, :slots],
        values[part.groups, :, :slots],
        attn_mask=mask,
        scale=scaling,
    )
    output = output.view(groups, -1, shared, width, values.shape[3]).permute(0, 3, 1, 2, 4)
    return output.reshape(groups * width, heads, values.shape[3])[part.places_R]
