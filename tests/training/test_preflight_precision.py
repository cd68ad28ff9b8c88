"""A precision that the processor has to imitate is named before the first step."""

import pytest
import torch

from sqlgrpo.config import Config
from sqlgrpo.settings import read
from sqlgrpo.training.preflight import machine

QUICK = ("experiment=quickstart", "model=tiny-llama3")


@pytest.mark.parametrize(("able", "warned"), [(False, True), (True, False)])
def test_bfloat16_that_a_cpu_can_only_imitate_is_a_warning(monkeypatch, able, warned):
    monkeypatch.setattr(machine, "computes_in_bfloat16", lambda _: able)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = machine.check_precision(read([*QUICK, "training.autocast=bfloat16"], kind=Config))
    assert [finding.next_step for finding in found] == ["set training.autocast=auto"] * warned
    assert machine.check_precision(read([*QUICK, "training.autocast=auto"], kind=Config)) == []
