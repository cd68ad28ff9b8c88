"""What the doctor says of a machine: memory, disk, processes, trackers."""

from __future__ import annotations

import pytest
from tests.training.test_preflight import config, levels
from transformers import LlamaConfig

from sqlgrpo.config import Config
from sqlgrpo.settings import read
from sqlgrpo.training.preflight import machine, memory

LLAMA_8B = LlamaConfig(
    vocab_size=128_256,
    hidden_size=4_096,
    intermediate_size=14_336,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=8,
    tie_word_embeddings=False,
)


def test_checkpoints_on_disk_hold_weights_and_what_the_optimizer_keeps():
    full = config("model.lora=false", "training=grpo_full", "model.dtype=bfloat16")
    kept = full.training.keep_checkpoints
    parameters = 8.03e9
    expected = (kept + 1) * (2 + 8 + 4) * parameters + 2 * 2 * parameters
    assert memory.checkpoint_bytes(full, LLAMA_8B) == pytest.approx(expected, rel=1e-3)
    adapters = config("training=grpo_lora_24gb", "model.lora_r=32")
    expected = (kept + 1) * (4 + 2) * 83.9e6 + 2 * 4 * 83.9e6
    assert memory.checkpoint_bytes(adapters, LLAMA_8B) == pytest.approx(expected, rel=1e-2)


def test_a_full_disk_and_too_many_workers_are_found(tmp_path):
    assert levels(machine.check_disk(tmp_path / "a" / "b", 1e18)) == {"error"}
    assert levels(machine.check_disk(tmp_path, 1.0)) == {"ok"}
    assert levels(machine.check_processes(config("verifier.suite.workers=999"))) == {"warning"}


def test_a_tracker_without_a_key_is_an_error(monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    assert levels(machine.check_tracker(config("training.report_to=wandb"))) == {"error"}
    assert levels(machine.check_tracker(config())) == {"ok"}
    monkeypatch.setenv("WANDB_MODE", "offline")  # which asks for nothing by itself
    assert "off; figures" in str(machine.check_tracker(config())[0])
    assert "offline" in str(machine.check_tracker(config("training.report_to=wandb"))[0])


PRESETS = [
    ("llama-3.1-8b-instruct", "grpo_lora_24gb", 24, 1_024),
    ("llama-3.1-8b-instruct", "grpo_lora_40gb", 40, 1_024),
    ("llama-3.1-8b-instruct", "grpo_lora_80gb", 80, 2_048),
    ("llama-3.1-8b-instruct-full", "grpo_full", 80, 1_024),
]


@pytest.mark.parametrize(("model", "training", "card_gib", "prompt"), PRESETS)
def test_each_preset_fits_its_card(model, training, card_gib, prompt):
    settings = read(
        [f"model={model}", f"training={training}", f"data.max_prompt_tokens={prompt}"], kind=Config
    )
    found = memory.check_memory(settings, LLAMA_8B, card_gib * memory.GIB)
    assert levels(found) == {"ok"}, found


def test_weights_and_adapters_of_llama_8b_are_what_the_presets_say():
    settings = read(["model=llama-3.1-8b-instruct", "training=grpo_lora_24gb"], kind=Config)
    needs = memory.estimate(settings, LLAMA_8B)
    assert needs.weights == pytest.approx(5.7e9, rel=0.02)
    assert needs.trained == pytest.approx(84e6 * 8, rel=0.01)


def test_a_card_that_is_too_small_gets_the_largest_saving_as_advice():
    bare = read(["model=llama-3.1-8b-instruct-bf16", "training=grpo_lora_24gb"], kind=Config)
    (finding,) = memory.check_memory(bare, LLAMA_8B, 16 * memory.GIB)
    assert finding.level == "error"
    assert "load_in_4bit" in finding.next_step
