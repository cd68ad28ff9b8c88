"""Each silent misconfiguration, planted."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from peft import get_peft_model

from sqlgrpo.config import Config
from sqlgrpo.environments import build_environment
from sqlgrpo.models import adapters_to_float32, load_model, load_tokenizer, lora, prompts
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.preflight import rewards
from sqlgrpo.training.preflight.doctor import check_start, examine
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
