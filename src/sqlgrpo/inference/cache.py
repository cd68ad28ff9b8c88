"""Keys and values of a growing tree per group, and attention from its newest tokens.

Nothing is copied when completions diverge: two children of a token are two slots with the same
ancestors, and a mask over the slots is all that tells their histories apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa

from sqlgrpo.inference.prefill import PackedPrompts, along

BLOCK = 64
"""Slots by which the cache grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the new tokens of one decoding step go, and what each of them sees."""

    groups_R: Tensor
    slots_R: Tensor
    columns_R: Tensor
    """Index of a token among the new tokens of its group."""
    visible_GQL: Tensor


class TreeCache:
    """Slots (groups, heads, L, head size) per layer; the prompt of a group fills the first ones."""

    def __init__(self, prompts: PackedPrompts) -> None:
        self.prompts = prompts
        self.capacity = max(map(len, prompts.prompts)) + BLOCK
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}
        self.step: Step | None = None
        self._mask: Tensor | None = None

    def start(self, step: Step) -> None:
        """The next forward pass carries the tokens of ``step``."""
        self.step = step
        self._mask = None
        needed = step.visible_GQL.shape[2]
        if needed > self.capacity:
            self.capacity = needed + BLOCK
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
        return self._attend(step, query, keys, values, scaling)

    def _store_prompts(self, layer: int, key: Tensor, value: Tensor) -> None:
        paths = self.prompts.paths
        for store, new in ((self.keys, key), (self.values, value)):
            store[layer] = new.new_zeros(len(paths), new.shape[1], self.capacity, new.shape[3])
            for group, path in enumerate(paths):
                tokens = along(path, new)[0]
                store[layer][group, :, : tokens.shape[1]] = tokens

    def _attend(
        self, step: Step, query: Tensor, keys: Tensor, values: Tensor, scaling: float | None
    ) -> Tensor:
        """The heads that share a key head become more queries of it, so no key is repeated."""
        heads, size = query.shape[1], query.shape[3]
        groups, width, slots = step.visible_GQL.shape
        shared = heads // keys.shape[1]
        if self._mask is None:
            self._mask = step.visible_GQL.repeat(1, shared, 1)[:, None]
        padded = query.new_zeros(groups, width, heads, size)
        padded[step.groups_R, step.columns_R] = query[0].transpose(0, 1)
        padded = padded.view(groups, width, -1, shared, size).permute(0, 2, 3, 1, 4)
        output = sdpa(
            padded.reshape(groups, -1, shared * width, size),
            keys[:, :, :slots],
            values[:, :, :slots],
            attn_mask=self._mask,
            scale=scaling,
        )
        output = output.view(groups, -1, shared, width, values.shape[3]).permute(0, 3, 1, 2, 4)
        output = output.reshape(groups, width, heads, values.shape[3])
        return output[step.groups_R, step.columns_R].transpose(0, 1)[None]
