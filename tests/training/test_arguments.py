from __future__ import annotations

import os

import pytest

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError
from sqlgrpo.settings import read
from sqlgrpo.training.arguments import grpo_arguments, sft_arguments, trackers
from sqlgrpo.training.preflight import check_settings, stop_on_errors
from sqlgrpo.training.run_folder import RunFolder


def settings(*overrides: str) -> Config:
    return read(["experiment=quickstart", *overrides], kind=Config)


def arguments(tmp_path, *overrides: str, world_size: int = 1):
    return grpo_arguments(settings(*overrides), RunFolder(tmp_path), world_size=world_size)


def test_a_step_holds_batch_size_prompts_with_g_completions_each(tmp_path):
    made = arguments(
        tmp_path,
        "training.batch_size=12",
        "training.num_generations=4",
        "training.micro_batch_groups=3",
    )
    assert made.per_device_train_batch_size == 12
    assert made.gradient_accumulation_steps == 4
    assert made.generation_batch_size == 48


def test_two_processes_share_the_prompts_of_a_step(tmp_path):
    made = arguments(
        tmp_path, "training.batch_size=8", "training.micro_batch_groups=2", world_size=2
    )
    assert made.gradient_accumulation_steps == 2


def test_keys_under_trl_reach_grpo_config(tmp_path):
    assert arguments(tmp_path, "+training.trl.delta=1.5").delta == 1.5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+training.trl.epsilonn=0.1", "did you mean 'epsilon'"),
        ("+training.trl.num_generations=4", r"set training\.num_generations instead"),
        ("+training.trl.bf16=true", r"set training\.autocast instead"),
        ("+training.trl.gradient_accumulation_steps=2", r"set training\.batch_size and"),
        ("+training.trl.warmup_steps=9", r"set training\.learning_rate, which rises"),
        ("+training.trl.chat_template_kwargs={a: 1}", "template in the tokenizer"),
        ("training.batch_size=7", "not a multiple"),
        ("training.autocast=float16", "is not auto, bfloat16 or null"),
        ("training.report_to=tensorboard", "not auto, wandb or none"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(tmp_path, override, message):
    with pytest.raises(ConfigError, match=message):
        arguments(tmp_path, override)


def test_a_base_model_stops_in_the_words_of_vllm(tmp_path):
    made = arguments(tmp_path, "model.chat=false", "training.rollouts=vllm")
    assert made.generation_kwargs == {"stop": ["\n\n"]}


def test_every_run_of_a_process_has_its_own_page_in_wandb(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_RUN_ID", "")
    pages = []
    for name in ("a", "b", "a"):
        run = RunFolder(tmp_path / name)
        run.root.mkdir(exist_ok=True)
        trackers(settings("training.report_to=wandb"), run)
        pages.append(os.environ["WANDB_RUN_ID"])
    assert pages[0] == pages[2] != pages[1]


def test_a_base_model_keeps_its_stop_beside_other_generation_settings(tmp_path):
    given = "+training.trl.generation_kwargs={repetition_penalty: 1.1}"
    made = arguments(tmp_path, "model.chat=false", given)
    assert made.generation_kwargs == {"stop_strings": ["\n\n"], "repetition_penalty": 1.1}


@pytest.mark.parametrize("not_finite", [True, False])
def test_a_loss_that_is_nan_is_hidden_only_when_it_halts_nothing(tmp_path, not_finite):
    made = arguments(tmp_path, f"training.halts.not_finite={not_finite}")
    assert made.logging_nan_inf_filter != not_finite


@pytest.mark.parametrize(
    "more",
    [
        ["model.chat=false"],
        ["+training.trl.generation_kwargs={stop_strings: [';']}"],
        ["+training.trl.generation_kwargs={stop: ';'}"],
    ],
)
def test_masking_truncated_completions_is_refused_where_a_stop_string_ends_them(more):
    masked = "+training.trl.mask_truncated_completions=true"
    with pytest.raises(ConfigError, match="counts as truncated: it has no loss left; set it to"):
        stop_on_errors(check_settings(settings(masked, *more)))
    stop_on_errors(check_settings(settings(*more)))
    stop_on_errors(check_settings(settings(masked)))


@pytest.mark.parametrize("name", ["window", "evaluations"])
def test_a_halt_over_no_step_is_refused(name):
    with pytest.raises(ConfigError, match=rf"training\.halts\.{name}: 0; set at least 1"):
        stop_on_errors(check_settings(settings(f"training.halts.{name}=0")))


def test_a_warm_start_of_uneven_micro_batches_is_refused(tmp_path):
    config = settings("training.warm_start.batch_size=12")
    with pytest.raises(ConfigError, match="12 is not a multiple of micro_batch_size"):
        sft_arguments(config, RunFolder(tmp_path), max_steps=1)


@pytest.mark.parametrize(
    ("choice", "key", "mode", "expected"),
    [
        ("auto", "", "", []),
        ("auto", "secret", "", ["wandb"]),
        ("none", "secret", "", []),
        ("wandb", "", "offline", ["wandb"]),
    ],
)
def test_wandb_is_on_only_when_it_can_be_used(tmp_path, monkeypatch, choice, key, mode, expected):
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_MODE", mode)
    assert trackers(settings(f"training.report_to={choice}"), RunFolder(tmp_path)) == expected


def test_asking_for_wandb_without_a_key_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with pytest.raises(ConfigError, match="WANDB_API_KEY"):
        trackers(settings("training.report_to=wandb"), RunFolder(tmp_path))
