"""Out of memory, planted: the micro-batch is split, and the result is the same."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import DistributedType
from tests.training.fast_case import gradients, llama, lora_model, padded, trainer
from torch import Tensor

from sqlgrpo.models.shadow import base_of
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.training.fast.forest import Forest, Rows
from sqlgrpo.training.fast.scoring import Scorer

ROOM = 20
"""Packed tokens that fit."""


def full(*_: Any, **__: Any) -> None:
    raise torch.OutOfMemoryError


def fill_memory(built: Any, monkeypatch: pytest.MonkeyPatch, *, back: bool) -> list[int]:
    """Let a pass of more than ``ROOM`` tokens fail, on the way back when the upper layer has its
    gradients; returns the sizes that are tried."""
    forward, sizes = built.model.forward, []

    def small_memory(*args: Any, forest: Forest, **options: Any) -> Any:
        sizes.append(max(len(batch.tokens_T) for batch in forest.batches))
        if sizes[-1] > ROOM and not back:
            full()
        return forward(*args, forest=forest, **options)

    def plant(_module: Any, _inputs: Any, output: Tensor) -> None:
        if back and sizes[-1] > ROOM:
            output.register_hook(full)

    base_of(built.model).model.layers[0].register_forward_hook(plant)
    monkeypatch.setattr(built.model, "forward", small_memory)
    return sizes


def test_a_forward_pass_is_split_until_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path, max_steps=1)
    case = padded([([5] * 9, [[i, i + 1, i + 2] for i in range(8)])], [1.0, -1.0] * 4)
    whole = gradients(fast, case)
    sizes = fill_memory(fast, monkeypatch, back=False)
    split = gradients(fast, case)
    assert sizes[0] > ROOM >= sizes[-1]
    assert "out of memory" in caplog.text
    for name, expected in whole.items():
        torch.testing.assert_close(split[name], expected, atol=1e-6, rtol=1e-4)
    sizes.clear()
    gradients(fast, case)
    assert max(sizes) <= ROOM  # what did not fit once is not tried again


def trained(built: FastGRPOTrainer) -> dict[str, Tensor]:
    built.train()
    return {name: p.detach().clone() for name, p in built.model.named_parameters()}


@pytest.mark.parametrize("make", [llama, lora_model], ids=["full weights", "LoRA"])
def test_a_backward_pass_is_split_and_goes_on_with_the_same_samples(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"gradient_accumulation_steps": 1 if make is llama else 2}
    whole = trained(trainer(FastGRPOTrainer, tmp_path / "a", model=make(), **settings))
    fast = trainer(FastGRPOTrainer, tmp_path / "b", model=make(), **settings)
    sizes = fill_memory(fast, monkeypatch, back=True)
    split = trained(fast)
    assert max(sizes) > ROOM >= sizes[-1]
    assert "out of memory" in caplog.text
    for name, expected in whole.items():
        torch.testing.assert_close(split[name], expected, atol=2e-6, rtol=1e-4)


def test_a_single_row_that_does_not_fit_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path)
    monkeypatch.setitem(globals(), "ROOM", 1)
    fill_memory(fast, monkeypatch, back=True)
    with pytest.raises(torch.OutOfMemoryError):
        fast.train()


def test_memory_that_runs_out_while_sampling_is_no_reason_to_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path)
    monkeypatch.setattr(fast, "_generate_single_turn", full)
    with pytest.raises(torch.OutOfMemoryError):
        fast.train()
    assert fast._scorer.limit is None


def test_every_process_makes_as_many_forward_passes_as_the_one_with_most(tmp_path: Path) -> None:
    """ZeRO-3 gathers weights for each pass of any process, and waits for all."""
    built = trainer(FastGRPOTrainer, tmp_path)
    rows = Rows(prompts=[(5, 6, 7)] * 2, completions=[(8, 9), (10, 11, 1)], width=3)
    passes: list[int] = []
    base_of(built.model).model.register_forward_hook(lambda *_: passes.append(1))
    one, other = (
        built.accelerator,
        SimpleNamespace(
            distributed_type=DistributedType.MULTI_CPU,
            device=torch.device("cpu"),
            autocast=nullcontext,
            gather=lambda count: torch.tensor([int(count), 3]),
        ),
    )
    with torch.no_grad():
        expected = Scorer(None)(built.model, rows, 12, one)[1]
        assert len(passes) == 1
        forest, logps, _ = Scorer(None)(built.model, rows, 12, other)
    assert len(passes) == 1 + 3
    assert (logps == expected).all()
    assert forest.spread(logps).shape == (2, 3)


def test_a_process_among_others_does_not_split_alone() -> None:
    rows = Rows(prompts=[(5, 6, 7)], completions=[(8, 9)], width=2)
    among = SimpleNamespace(
        distributed_type=DistributedType.MULTI_CPU,
        device=torch.device("cpu"),
        autocast=nullcontext,
        gather=lambda count: count,
    )
    scorer = Scorer(None)
    with pytest.raises(torch.OutOfMemoryError):
        scorer(full, rows, 12, among)
    assert scorer.limit is None
