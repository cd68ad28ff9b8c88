"""A TRL that the trainers were not written for is refused, with what it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trl.trainer.utils
from tests.training.fast_case import trainer
from trl import GRPOTrainer

from sqlgrpo.errors import ConfigError
from sqlgrpo.training import contract
from sqlgrpo.training.fast import FastGRPOTrainer


def test_the_installed_trl_keeps_the_contract() -> None:
    assert contract.violations() == []


def test_a_trl_whose_hooks_moved_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moved(GRPOTrainer):
        _calculate_rewards = None

        def _compute_loss(self, batch: Any) -> None: ...

        def _prepare_inputs(self, generation_batch: Any) -> Any:
            return generation_batch

    broken = contract.violations(Moved)
    assert broken == [
        "_prepare_inputs does something else",
        "_calculate_rewards is gone",
        "_compute_loss takes (batch), not (model, inputs)",
    ]
    monkeypatch.setattr(contract, "violations", lambda: broken)
    with pytest.raises(ConfigError, match=r"_calculate_rewards is gone.*training\.fast=false"):
        trainer(FastGRPOTrainer, tmp_path)


def test_a_name_that_is_gone_is_refused_before_it_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(trl.trainer.utils, "split_tensor_dict")
    monkeypatch.setitem(contract.NAMES, "trl.no_such_module", ("anything",))
    with pytest.raises(ConfigError, match=r"split_tensor_dict is gone; .*anything is gone"):
        contract.check_names()


def test_an_attribute_that_is_gone_is_refused(tmp_path: Path) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path)
    contract.check_attributes(fast)
    del fast._step
    with pytest.raises(ConfigError, match=r"GRPOTrainer\._step is gone"):
        contract.check_attributes(fast)
