"""``training.rollouts=continuous``: the same policy through transformers' continuous batching."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tests.training.fast_case import EOS, llama, trainer
from tests.training.tiny_run import config

from sqlgrpo.errors import ConfigError
from sqlgrpo.training.engines import trainer_for
from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions
from sqlgrpo.training.preflight import check_settings
from sqlgrpo.training.rollouts_continuous import ContinuousGRPOTrainer

PROMPTS = [[5, 6, 7, 8, 9]] * 3 + [[30]] * 3 + [[12, 13]] * 3
GREEDY: dict[str, Any] = {"generation_kwargs": {"do_sample": False}, "max_completion_length": 12}
LIVE = {"fast": FastOptions(sampling="model")}


def adapted() -> Any:
    torch.manual_seed(0)
    settings = LoraConfig(
        r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    return get_peft_model(llama(), settings)


def rollouts(built: FastGRPOTrainer, prompts: list[list[int]]) -> list[list[int]]:
    tokens, logps = built._generate_single_turn(prompts, None, {}, 1)
    assert logps is None or len(logps) == len(prompts)
    return tokens


@pytest.mark.parametrize("kind", [llama, adapted])
@pytest.mark.parametrize("sampling", ["model", "float32"])
def test_greedy_completions_are_those_of_the_local_rollouts(
    kind: Any, sampling: str, tmp_path: Path
) -> None:
    extra = {"fast": FastOptions(sampling=sampling)}
    local = trainer(FastGRPOTrainer, tmp_path / "a", model=kind(), extra=extra, **GREEDY)
    ours = trainer(ContinuousGRPOTrainer, tmp_path / "b", model=kind(), extra=extra, **GREEDY)

    assert rollouts(ours, PROMPTS) == rollouts(local, PROMPTS)


def test_a_group_is_sampled_and_a_completion_ends_where_it_should(tmp_path: Path) -> None:
    settings = {"generation_kwargs": {"stop_strings": ["w7"]}, "max_completion_length": 40}
    built = trainer(ContinuousGRPOTrainer, tmp_path, extra=LIVE, **settings)
    completions = rollouts(built, PROMPTS * 2)

    assert len({tuple(tokens) for tokens in completions}) > 3
    for tokens in completions:
        text = built.processing_class.decode(tokens)
        assert "w7" not in built.processing_class.decode(tokens[:-1])
        assert tokens[-1] == EOS or text.endswith("w7") or len(tokens) == 40


def test_the_trained_weights_stay_in_their_precision_and_learn(tmp_path: Path) -> None:
    model = adapted()
    built = trainer(
        ContinuousGRPOTrainer, tmp_path, model=model, extra={"fast": FastOptions()}, bf16=True
    )
    before = {name: p.clone() for name, p in model.named_parameters() if p.requires_grad}
    built.train()

    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert any(not torch.equal(model.get_parameter(name), p) for name, p in before.items())
    assert built.model.training


def test_stock_trl_cannot_be_asked_for_it() -> None:
    settings = config(Path("nowhere"), "training.rollouts=continuous", "training.fast=false")
    with pytest.raises(ConfigError, match=r"training\.fast=true"):
        trainer_for(settings)


def test_the_switch_of_trl_is_refused_with_ours_instead() -> None:
    settings = config(Path("nowhere"), "+training.trl.use_transformers_continuous_batching=true")
    found = [finding for finding in check_settings(settings) if finding.level == "error"]

    assert ["training.rollouts=continuous" in finding.next_step for finding in found] == [True]
