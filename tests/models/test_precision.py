"""bfloat16 where the device computes in it, and nowhere else by itself."""

import pytest
import torch

from sqlgrpo.errors import ConfigError
from sqlgrpo.models import precision

CPU = torch.device("cpu")


@pytest.mark.parametrize("able", [True, False])
def test_auto_asks_the_processor(monkeypatch, able):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert precision.computes_in_bfloat16(CPU) is able
    assert precision.autocasts("auto") is able


@pytest.mark.parametrize(("choice", "mixed"), [("bfloat16", True), (None, False)])
def test_what_was_said_holds_on_every_device(monkeypatch, choice, mixed):
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda _: not mixed)
    assert precision.autocasts(choice) is mixed


def test_a_precision_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="'float16' is not auto, bfloat16 or null"):
        precision.autocasts("float16")
