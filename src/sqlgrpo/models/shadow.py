"""A copy of the policy to sample from: adapters merged in, weights in the sampling precision.

The live model is only read. Merging into it would round its frozen weights again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from accelerate import init_empty_weights
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from transformers import PreTrainedModel

from sqlgrpo.models import attention
from sqlgrpo.models.blocked import BlockedLinear, block, reason_not_to_block


def reason_not_to_copy(model: nn.Module) -> str:
    """Why no merged copy of ``model`` can be made; empty when it can."""
    base = base_of(model)
    if getattr(base, "is_quantized", False):
        return "its weights are quantized"
    odd = {
        type(module).__name__
        for module in model.modules()
        if isinstance(module, BaseTunerLayer) and type(module) is not LoraLinear
    }
    if odd:
        return f"of its adapter layers ({', '.join(sorted(odd))})"
    layers = [module for module in model.modules() if isinstance(module, LoraLinear)]
    if any(layer.lora_variant for layer in layers):
        return "its adapters are of a kind such as DoRA"
    if any(part.bias is not None for layer in layers for part in layer.lora_B.values()):
        return "its adapters have a bias"
    if any(".modules_to_save." in name for name, _ in model.named_parameters()):
        return "it trains whole modules beside its adapter"
    if hasattr(base, "hf_device_map") and len(set(base.hf_device_map.values())) > 1:
        return "it is split across devices"
    return ""


class Shadow:
    """The merged copy; ``refresh`` brings it up to date with the live model."""

    def __init__(self, model: nn.Module, dtype: torch.dtype) -> None:
        self.dtype = dtype
        base = base_of(model)
        with init_empty_weights(include_buffers=False):
            self.model: PreTrainedModel = type(base)(base.config)
        self._allocate(model, base.device)
        self.model.tie_weights()
        self.model.to(base.device).requires_grad_(False).eval()
        self.embedding = self.model.get_input_embeddings()
        head = self.model.get_output_embeddings()
        self.tied = head is not None and head.weight is self.embedding.weight
        self.blocked = {} if reason_not_to_block(dtype, base.device) else block(self.model)
        attention.register(self.model)

    def _allocate(self, model: nn.Module, device: torch.device) -> None:
        state = {
            name: torch.empty(weight.shape, dtype=self.dtype, device=device)
            for name, weight, _ in _weights(base_of(model))
        }
        self.model.load_state_dict(state, strict=False, assign=True)

    @torch.no_grad()
    def refresh(self, model: nn.Module) -> PreTrainedModel:
        """The copy with the weights that ``model`` has now."""
        own = dict(self.model.named_parameters(remove_duplicate=False))
        for name, weight, layer in _weights(base_of(model)):
            merged = weight if layer is None else _merged(weight, layer)
            if name in own:
                own[name].copy_(merged)
            else:
                self.blocked[name.removesuffix(".weight")].block(merged.to(self.dtype))
        head = self.model.get_output_embeddings()
        if self.tied and isinstance(head, BlockedLinear):
            head.block(self.embedding.weight)
        return self.model


def _weights(base: nn.Module) -> Iterator[tuple[str, Tensor, LoraLinear | None]]:
    """Name in a model without adapters, weight, and the adapter layer that goes with it."""
    layers = {name: m for name, m in base.named_modules() if isinstance(m, LoraLinear)}
    for name, weight in base.named_parameters():
        if ".lora_" in name:
            continue
        owner, _, leaf = name.rpartition(".")
        owner = owner.removesuffix(".base_layer")
        layer = layers.get(owner) if leaf == "weight" else None
        yield f"{owner}.{leaf}", weight, layer


def _merged(weight: Tensor, layer: LoraLinear) -> Tensor:
    if layer.disable_adapters:
        return weight
    total = weight.float()
    for adapter in layer.active_adapters:
        if adapter in layer.lora_A:
            total = total + layer.get_delta_weight(adapter).float()
    return total


def base_of(model: Any) -> Any:
    """The model without its adapters' wrapping."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
