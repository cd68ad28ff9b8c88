"""Each setting that contradicts another, planted."""

from __future__ import annotations

import os

import pytest
from transformers import Trainer
from trl import GRPOTrainer

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError
from sqlgrpo.settings import read
from sqlgrpo.training.preflight import check_settings, stop_on_errors
from sqlgrpo.training.preflight.finding import ok, warning

QUICK = ("experiment=quickstart", "model=tiny-llama3", "data.size=60")


def config(*overrides: str) -> Config:
    return read([*QUICK, *overrides], kind=Config)


def test_the_quickstart_has_no_contradiction():
    assert check_settings(read(["experiment=quickstart"], kind=Config)) == []


@pytest.mark.parametrize(
    ("overrides", "level", "says"),
    [
        (["model.load_in_4bit=true", "training.rollouts=vllm"], "error", "QLoRA with vLLM"),
        (["+training.trl.use_vllm=true"], "error", "training.rollouts=vllm"),
        (
            [
                "model.load_in_4bit=true",
                "training.accelerator=deepspeed",
                "training.zero_stage=3",
            ],
            "error",
            "QLoRA with ZeRO-3",
        ),
        (["model.load_in_4bit=true", "model.lora=false"], "error", "nothing would be trained"),
        (["model.lora=false", "model.dtype=bfloat16"], "error", "rounded away"),
        (["training.num_gpus=4"], "error", "accelerator=none starts one"),
        (["training.zero_stage=3"], "warning", "ignored"),
        (["training.accelerator=ddp", "training.offload=true"], "warning", "ignored"),
        (["training.accelerator=deepspeed", "training.zero_stage=4"], "error", "set 1, 2 or 3"),
        (["+training.trl.optim=paged_adamw_8bit"], "error", "needs a GPU"),
        (
            [
                "training.accelerator=deepspeed",
                "training.offload=true",
                "+training.trl.optim=sgd",
            ],
            "error",
            "CPU Adam",
        ),
        (
            ["+training.trl.num_iterations=2", "training.eval_every=3"],
            "warning",
            "continue exactly",
        ),
        (
            [
                "training.batch_size=8",
                "training.micro_batch_groups=1",
                "+training.trl.steps_per_generation=2",
                "+training.trl.num_iterations=2",
            ],
            "warning",
            "set it to a multiple of 8",
        ),
        (["training.warm_start.adapter=nowhere"], "error", "nowhere: no such folder"),
        (["training.num_generations=1"], "error", "has no advantage"),
        (["training.packed_attention=flex"], "error", "flex needs a GPU"),
        (["training.packed_attention=flux"], "error", "did you mean 'flex'?"),
        (
            ["training.packed_attention=flux", "training.fast=false"],
            "error",
            "packed_attention needs training.fast=true",
        ),
        (["training.curriculum=learnt"], "error", "no training.curriculum named 'learnt'"),
        (["training.rollouts=vlm"], "error", "did you mean 'vllm'?"),
        (
            ["training.batch_size=7", "training.micro_batch_groups=2"],
            "error",
            "7 is not a multiple",
        ),
        (["+training.trl.learning_rat=1"], "error", "did you mean 'learning_rate'?"),
        (
            ["+training.trl.generation_batch_size=16", "+training.trl.steps_per_generation=2"],
            "error",
            "TRL refuses it",
        ),
        (
            ["training.warm_start.enabled=true", "training.warm_start.batch_size=12"],
            "error",
            "12 is not a multiple of micro_batch_size",
        ),
        (
            [
                "training.accelerator=ddp",
                "training.num_gpus=2",
                "training.batch_size=2",
                "training.micro_batch_groups=2",
            ],
            "error",
            "micro_batch_groups x processes = 4",
        ),
        (["training.temperature=0"], "error", "would be equal"),
        (["model.chat=false", "training.warm_start.enabled=false"], "warning", "end with EOS"),
        (
            ["model.chat=false", "+training.trl.mask_truncated_completions=true"],
            "error",
            "no loss left",
        ),
        (["model.chat=false", "training.fast=false"], "warning", "token limit"),
        (["evaluation.max_new_tokens=4"], "warning", "longer in training"),
        (
            ["training.rollouts=vllm", "+training.trl.vllm_max_model_length=100"],
            "error",
            "longest prompt",
        ),
        (["training.rollouts=vllm"], "warning", "drift"),
        (["model.needs_gpu=true", "model.dtype=float32"], "warning", "doubles memory"),
    ],
)
def test_a_contradiction_is_named_with_what_to_do(overrides, level, says):
    named = [f for f in check_settings(config(*overrides)) if says in str(f)]
    assert [finding.level for finding in named] == [level]
    assert named[0].next_step


def test_a_trl_that_does_not_fit_is_told_before_anything_is_trained(monkeypatch):
    monkeypatch.delattr(GRPOTrainer, "_prepare_inputs")
    monkeypatch.delattr(Trainer, "_prepare_inputs")
    assert "_prepare_inputs is gone" in str(check_settings(config())[0])
    assert check_settings(config("training.fast=false")) == []


def test_wandb_without_a_key_is_told_before_anything_is_trained(monkeypatch):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    asked = config("training.report_to=wandb")
    assert "needs WANDB_API_KEY" in str(check_settings(asked)[0])
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    assert check_settings(asked) == []
    assert "WANDB_RUN_ID" not in os.environ


def test_errors_stop_a_run_and_warnings_do_not():
    stop_on_errors(ok("a", "b") + warning("a", "b", "c"))
    with pytest.raises(ConfigError, match="QLoRA with vLLM"):
        stop_on_errors(check_settings(config("model.load_in_4bit=true", "training.rollouts=vllm")))
