"""Blocked layers give what the layers that they stand for give."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sqlgrpo.models.blocked import BlockedLinear, block, reason_not_to_block

CPU = torch.device("cpu")
pytestmark = pytest.mark.skipif(
    bool(reason_not_to_block(torch.float32, CPU)), reason="PyTorch without oneDNN"
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 24), (2, 33, 24)])
def test_a_blocked_layer_computes_the_same(bias: bool, shape: tuple[int, ...]) -> None:
    linear = nn.Linear(24, 70, bias=bias)
    x = torch.randn(shape)
    with torch.no_grad():
        torch.testing.assert_close(BlockedLinear(linear)(x), linear(x))


def test_a_blocked_layer_computes_with_the_weight_that_it_was_given_last() -> None:
    linear = nn.Linear(24, 70, bias=False)
    blocked = BlockedLinear(linear)
    weight = torch.randn(24, 70).T  # not contiguous
    blocked.block(weight)
    x = torch.randn(3, 24)
    torch.testing.assert_close(blocked(x), x @ weight.T)


def test_every_linear_layer_of_a_model_is_exchanged() -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.Sequential(nn.ReLU(), nn.Linear(5, 6)))
    x = torch.randn(2, 4)
    with torch.no_grad():
        before = model(x)
        assert set(block(model)) == {"0", "1.1"}
        torch.testing.assert_close(model(x), before)
    assert not any(isinstance(module, nn.Linear) for module in model.modules())


@pytest.mark.parametrize(
    ("dtype", "device", "reason"),
    [
        (torch.bfloat16, "cpu", "float32"),
        (torch.float32, "cuda", "CPU"),
    ],
)
def test_only_float32_on_a_cpu_is_blocked(dtype: torch.dtype, device: str, reason: str) -> None:
    assert reason in reason_not_to_block(dtype, torch.device(device))


def test_without_onednn_nothing_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert "oneDNN" in reason_not_to_block(torch.float32, CPU)
