"""QLoRA through the whole flow: real NF4 on CPU, on a model with Llama-3.1's architecture."""

from __future__ import annotations

import pytest
import torch
from tests.training.tiny_run import run, same, weights

from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.training import survive

NF4 = ("model.load_in_4bit=true", "model.dtype=bfloat16", "training.autocast=bfloat16")


@pytest.mark.parametrize("model", ["tiny-llama3", "tiny-llama3-base"])
def test_warm_start_and_grpo_move_float32_adapters_on_frozen_nf4_weights(
    tmp_path, monkeypatch, model
):
    seen, start = {}, {}
    step = survive.SurvivingFastGRPOTrainer.training_step

    def watched(self, *args, **kwargs):
        named = dict(self.model.named_parameters())
        seen["trained"] = {p.dtype for p in named.values() if p.requires_grad}
        for name, weight in named.items():
            if weight.requires_grad:
                start.setdefault(name.replace(".default", ""), weight.detach().clone())
        seen["base"] = {p.dtype for n, p in named.items() if "q_proj.base_layer" in n}
        return step(self, *args, **kwargs)

    monkeypatch.setattr(survive.SurvivingFastGRPOTrainer, "training_step", watched)
    folder = run(
        tmp_path / "nf4", f"model={model}", *NF4, "training.trl.gradient_checkpointing=true"
    )
    assert seen == {"trained": {torch.float32}, "base": {torch.uint8}}
    assert list(read_stages(folder.evaluation)) == ["base", "warm_start", "grpo"]
    before = weights(folder.warm_start)
    assert same(before, start)  # TRL rounds adapters to bfloat16 when a trainer is built
    after = weights(folder.root / "checkpoint-4")
    moved = {n: (before[n] != after[n]).float().mean().item() for n in before if "lora_A" in n}
    assert min(moved.values()) > 0.5
