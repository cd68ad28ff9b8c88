"""Each silent misconfiguration, planted."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import torch
from peft import get_peft_model
from transformers import Trainer
from trl import GRPOTrainer

from sqlgrpo.config import Config
from sqlgrpo.environments import build_environment
from sqlgrpo.errors import ConfigError
from sqlgrpo.models import adapters_to_float32, load_model, load_tokenizer, lora, prompts
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.preflight import check_settings, rewards, stop_on_errors
from sqlgrpo.training.preflight.doctor import check_start, examine
from sqlgrpo.training.preflight.finding import ok, warning
from sqlgrpo.training.preflight.tokens import (
    answered_ids,
    check_bos,
    check_boundary,
    check_padding,
    check_tokens,
)
from sqlgrpo.training.preflight.trained import check_trained
from sqlgrpo.types import Example

QUICK = ("experiment=quickstart", "model=tiny-llama3", "data.size=60")
EXAMPLE = Example(
    id="1",
    question="How many cities are there?",
    schema="CREATE TABLE city (name TEXT, population INTEGER);",
    gold_sql="SELECT COUNT(*) FROM city",
)


def config(*overrides: str) -> Config:
    return read([*QUICK, *overrides], kind=Config)


def levels(findings) -> set[str]:
    return {finding.level for finding in findings}


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


@pytest.fixture(scope="module")
def parts():
    settings = config()
    environment = build_environment(settings.environment, build_rubric(settings.verifier))
    yield settings, environment, load_model(settings.model)
    environment.rubric.judge.close()


def plant(parts, change):
    settings, environment, model = parts
    tokenizer = load_tokenizer(settings.model)
    change(tokenizer)
    return check_tokens(model, tokenizer, environment, [EXAMPLE], chat=True)


def test_a_tokenizer_as_it_should_be_has_no_finding(parts):
    assert levels(plant(parts, lambda _: None)) == {"ok"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda t: setattr(t, "chat_template", "{{ bos_token }}" + t.chat_template),
            "2 BOS tokens",
        ),
        (
            lambda t: setattr(t, "chat_template", t.chat_template.replace("<|eot_id|>", "\n")),
            "never learn to stop",
        ),
        (
            lambda t: setattr(
                t,
                "chat_template",
                t.chat_template + "{%- if add_generation_prompt %}{{- '<think>' }}{%- endif %}",
            ),
            "last tokens of the prompt differ",
        ),
        (lambda t: t.add_tokens(["<new>"]), "embeddings"),
    ],
)
def test_a_planted_token_fault_is_found(parts, change, says):
    assert says in " ".join(str(f) for f in plant(parts, change) if f.level != "ok")


def test_padding_with_a_token_that_ends_a_turn_is_a_warning(parts):
    tokenizer = load_tokenizer(parts[0].model)
    ends = prompts.eos_ids(parts[2], tokenizer)
    assert levels(check_padding(tokenizer, ends)) == {"ok"}
    tokenizer.pad_token = "<|eot_id|>"
    assert levels(check_padding(tokenizer, ends)) == {"warning"}


def test_a_model_that_opens_every_turn_with_its_bos_is_fine():
    tokenizer = load_tokenizer(config("model=tiny").model)
    ids = prompts.prompt_ids(tokenizer, [{"role": "user", "content": "hi"}], chat=True)
    assert ids.count(tokenizer.bos_token_id) > 1
    assert levels(check_bos(tokenizer, ids)) == {"ok"}


def test_a_prompt_that_ends_in_a_space_merges_with_the_answer(parts, monkeypatch):
    tokenizer = load_tokenizer(config("model=tiny-llama3-base").model)
    messages = parts[1].messages(EXAMPLE)
    answer = {"role": "assistant", "content": "SELECT 1"}
    monkeypatch.setattr(prompts, "ANSWER_CUE", "\n\nSQL: ")
    ids = prompts.prompt_ids(tokenizer, messages, chat=False)
    full = answered_ids(tokenizer, messages, answer, chat=False)
    assert levels(check_boundary(tokenizer, ids, full)) == {"error"}


def test_a_chat_model_read_as_a_base_model_is_a_warning(parts):
    settings, environment, model = parts
    tokenizer = load_tokenizer(settings.model)
    found = check_tokens(model, tokenizer, environment, [EXAMPLE], chat=False)
    assert any("expects turns" in str(finding) for finding in found)


def test_adapters_that_trl_cast_to_bfloat16_are_an_error_until_they_are_recast(parts):
    settings = parts[0]
    model = get_peft_model(load_model(settings.model), lora(settings.model))
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    assert levels(check_trained(model)) == {"error"}
    assert levels(check_trained(model, master_weights=True)) == {"ok"}
    adapters_to_float32(model)
    assert levels(check_trained(model)) == {"ok"}
    assert levels(check_trained(load_model(settings.model).requires_grad_(False))) == {"error"}


def test_a_broken_gold_and_a_paid_refusal_are_errors(parts):
    settings, environment, _ = parts
    wrong = replace(EXAMPLE, id="2", gold_sql="SELECT name, FROM city")
    tokenizer = load_tokenizer(settings.model)
    with pytest.raises(Exception, match="gold"):
        rewards.check_golds(environment, [wrong])
    assert levels(rewards.check_golds(environment, [EXAMPLE])) == {"ok"}
    assert levels(rewards.check_nothing(environment, [EXAMPLE])) == {"ok"}
    short = rewards.check_answers_fit(tokenizer, [EXAMPLE], environment, 3)
    assert levels(short) == {"warning"}


def test_a_rubric_that_pays_hacks_is_found():
    paid = config("verifier=binary", "verifier.decisive=executes")
    environment = build_environment(paid.environment, build_rubric(paid.verifier))
    found = rewards.check_hacks(environment, [EXAMPLE], ["SELECT 1"])
    environment.rubric.judge.close()
    assert levels(found) == {"error"}


def test_lost_prompts_and_flat_groups_are_warnings():
    assert levels(rewards.check_prompt_loss(10, 100, 512)) == {"warning"}
    assert levels(rewards.check_prompt_loss(1, 100, 512)) == {"ok"}
    assert levels(rewards.check_flat([[0.0, 0.0], [0.0, 0.0]])) == {"warning"}
    assert levels(rewards.check_flat([[0.0, 1.0], [0.0, 0.0]])) == {"ok"}


def test_the_start_of_a_good_run_is_all_ok(parts):
    settings, environment, model = parts
    tokenizer = load_tokenizer(settings.model)
    found = check_start(settings, tokenizer, model, environment, [EXAMPLE])
    assert levels(found) == {"ok"}, found


def test_the_doctor_looks_at_everything_without_loading_weights():
    found = examine(config("verifier.suite.cache_dir=null"))
    assert {"device", "disk", "memory", "pad token", "reward of hacks", "model"} <= {
        finding.what for finding in found
    }
    assert "error" not in levels(found)
