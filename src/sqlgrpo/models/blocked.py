"""Linear layers of a copy that is only sampled from, with weights as oneDNN likes to read them.

A decoding step multiplies a few rows by every weight. PyTorch hands float32 products on a CPU to a
library that reads the weights as they lie; oneDNN's own blocked layout is read faster, the more so
the wider the layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

ROWS = 32
"""Rows of input that the layout is chosen for: a decoding step of a few groups."""


def reason_not_to_block(dtype: torch.dtype, device: torch.device) -> str:
    """Why layers stay as they are; empty when the layout pays."""
    if device.type != "cpu" or dtype != torch.float32:
        return "only float32 products on a CPU gain by it"
    if not torch.backends.mkldnn.is_available():
        return "this PyTorch has no oneDNN"
    operators = ("_linear_pointwise", "_reorder_linear_weight")
    missing = [name for name in operators if not hasattr(torch.ops.mkldnn, name)]
    return f"this PyTorch has no {', '.join(missing)}" if missing else ""


class BlockedLinear(nn.Module):
    """In the place of an ``nn.Linear``: the same product, without gradients."""

    blocked: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = linear.bias
        self.block(linear.weight)

    def block(self, weight: Tensor) -> None:
        """Take over a weight of shape (outputs, inputs)."""
        self.blocked = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), ROWS)

    def forward(self, x: Tensor) -> Tensor:
        """``x @ weight.T + bias``."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self.blocked, self.bias, "none", [], ""
        )
        return product


def block(model: nn.Module) -> dict[str, BlockedLinear]:
    """Exchange every linear layer of the model; the new ones by name."""
    found = {name: layer for name, layer in model.named_modules() if type(layer) is nn.Linear}
    blocked = {name: BlockedLinear(layer) for name, layer in found.items()}
    for name, layer in blocked.items():
        model.set_submodule(name, layer)
    return blocked
