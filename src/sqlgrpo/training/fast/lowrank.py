"""LoRA without its overhead: the adapter's two products and their gradients as one operation.

PEFT's layer copies its input to the adapter's precision and back, and autograd records a dozen
small operations per layer; on a CPU, and for short rows, they take longer than the products.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import Tensor, nn


def install(model: nn.Module) -> None:
    """Let the plain LoRA layers of ``model`` use the fused product wherever it is the same."""
    for module in model.modules():
        if isinstance(module, LoraLinear) and "forward" not in vars(module):
            module.forward = types.MethodType(_forward, module)


def _forward(self: LoraLinear, x: Tensor, *args: Any, **options: Any) -> Tensor:
    name = _only_plain_adapter(self)
    if name is None or args or options:
        output: Tensor = type(self).forward(self, x, *args, **options)
        return output
    base = self.base_layer(x)
    product: Tensor = _LowRank.apply(
        base,
        x,
        self.lora_A[name].weight,
        self.lora_B[name].weight,
        self.scaling[name],
    )
    return product


def _only_plain_adapter(layer: LoraLinear) -> str | None:
    """The one active adapter, if it is unmerged LoRA without dropout, bias or a variant."""
    if layer.disable_adapters or layer.merged or len(layer.active_adapters) != 1:
        return None
    (name,) = layer.active_adapters
    if name not in layer.lora_A or name in layer.lora_variant:
        return None
    dropout = layer.lora_dropout[name]
    drops = isinstance(dropout, nn.Dropout) and dropout.p > 0 and layer.training
    biased = layer.lora_B[name].bias is not None
    return None if drops or biased else name


class _LowRank(torch.autograd.Function):
    """``base + scaling * (x @ a.T) @ b.T``."""

    @staticmethod
    def forward(ctx: Any, base: Tensor, x: Tensor, a: Tensor, b: Tensor, scaling: float) -> Tensor:
        dtype = _compute_dtype(x, a)
        rows = x.reshape(-1, x.shape[-1]).to(dtype)
        small = rows @ a.to(dtype).t()
        scaled = (b * scaling).to(dtype)
        ctx.save_for_backward(rows, a, scaled, small)
        ctx.scaling, ctx.x_dtype, ctx.base_dtype = scaling, x.dtype, base.dtype
        flat = base.reshape(-1, base.shape[-1])
        output = torch.addmm(flat.to(dtype), small, scaled.t())
        return output.to(base.dtype).view_as(base)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, a, scaled, small = ctx.saved_tensors
        needs_base, needs_x, needs_a, needs_b, _ = ctx.needs_input_grad
        g = grad.reshape(-1, grad.shape[-1]).to(rows.dtype)
        inner = g @ scaled
        grad_x = grad_a = grad_b = None
        if needs_x:
            grad_x = (inner @ a.to(rows.dtype)).to(ctx.x_dtype)
            grad_x = grad_x.view(*grad.shape[:-1], -1)
        if needs_a:
            grad_a = (inner.t() @ rows).to(a.dtype)
        if needs_b:
            grad_b = (g.t() @ small).to(a.dtype) * ctx.scaling
        return (grad if needs_base else None), grad_x, grad_a, grad_b, None


def _compute_dtype(x: Tensor, a: Tensor) -> torch.dtype:
    """Autocast's precision, or else the adapter's, which is what PEFT computes in."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else a.dtype
