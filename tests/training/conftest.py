"""What several tests of training need."""

from __future__ import annotations

import pytest
from torch.nn.attention import flex_attention


@pytest.fixture
def flex_on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch refuses FlexAttention's backward pass on a CPU, where it has only its own slow
    reference of it, which is what tests want."""
    monkeypatch.setattr(flex_attention, "_validate_device", lambda *_: None)
