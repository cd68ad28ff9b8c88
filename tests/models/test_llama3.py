"""Llama-3.1's specifics, on a random model with its architecture, tokens and template."""

from __future__ import annotations

import pytest
import torch
from peft import get_peft_model

from sqlgrpo.config import ModelConfig
from sqlgrpo.inference.generate import Decoding, generate
from sqlgrpo.models import adapters_to_float32, load_model, load_tokenizer, lora
from sqlgrpo.models.prompts import ANSWER_CUE, eos_ids, plain_text, prompt_ids, stop_strings

PAD = "<|finetune_right_pad_id|>"
INSTRUCT = ModelConfig(name="random:tiny-llama3", pad_token=PAD, lora_r=4)
BASE = ModelConfig(name="random:tiny-llama3-base", pad_token=PAD, lora_r=4, chat=False)
MESSAGES = [
    {"role": "system", "content": "Write one SQLite query."},
    {"role": "user", "content": "CREATE TABLE city (name TEXT);\n\nHow many cities are there?"},
]


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(INSTRUCT)


def test_the_pad_token_is_none_of_the_tokens_that_end_a_completion(tokenizer):
    assert tokenizer.pad_token == PAD
    assert tokenizer.pad_token_id not in eos_ids(load_model(INSTRUCT), tokenizer)


def test_a_turn_ends_with_any_of_three_tokens(tokenizer):
    ends = tokenizer.convert_ids_to_tokens(eos_ids(load_model(INSTRUCT), tokenizer))
    assert set(ends) == {"<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"}


def test_a_templated_prompt_starts_with_one_bos_and_ends_where_the_answer_starts(tokenizer):
    ids = prompt_ids(tokenizer, MESSAGES, chat=True)
    assert ids.count(tokenizer.bos_token_id) == 1
    text = tokenizer.decode(ids)
    assert text.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")


def test_positions_are_scaled_as_llama3_scales_them():
    config = load_model(INSTRUCT).config
    assert config.rope_parameters["rope_type"] == "llama3"
    assert config.num_key_value_heads < config.num_attention_heads


def test_sampling_defaults_of_the_model_do_not_reach_a_greedy_answer(tokenizer):
    model = load_model(INSTRUCT)
    decoding = Decoding(max_new_tokens=6)
    assert model.generation_config.do_sample
    first = generate(model, tokenizer, [MESSAGES], decoding)
    assert first == generate(model, tokenizer, [MESSAGES], decoding)


@pytest.mark.parametrize("name", ["random:tiny-llama3-base", "random:tiny"])
@pytest.mark.parametrize("gold", ["SELECT 1", " select x", "WITH a AS (SELECT 1) SELECT * FROM a"])
def test_the_plain_prompt_of_a_base_model_is_a_prefix_of_prompt_and_answer(name, gold):
    tokenizer = load_tokenizer(ModelConfig(name=name, chat=False))
    prompt = plain_text(MESSAGES)
    ids = tokenizer(prompt)["input_ids"]
    assert tokenizer(prompt + gold.strip())["input_ids"][: len(ids)] == ids
    assert prompt.endswith(ANSWER_CUE)


def test_a_base_model_stops_at_a_blank_line_and_a_chat_model_at_its_tokens():
    assert stop_strings(chat=True) is None
    model, tokenizer = load_model(BASE), load_tokenizer(BASE)
    blank = tokenizer("\n\n", add_special_tokens=False)["input_ids"][-1]
    with torch.no_grad():
        model.lm_head.weight.zero_()
        model.lm_head.weight[blank] = 1.0
        model.model.norm.weight.fill_(1.0)
    hook = model.model.norm.register_forward_hook(lambda *call: torch.ones_like(call[-1]))
    decoding = Decoding(max_new_tokens=9, weights="model")
    text = generate(model, tokenizer, [MESSAGES], decoding, chat=False)[0]
    hook.remove()
    assert 0 < text.count("\n") <= 4


def test_nf4_weights_are_frozen_and_float32_adapters_on_them_move(tokenizer):
    config = ModelConfig(
        name=INSTRUCT.name, pad_token=PAD, lora_r=4, load_in_4bit=True, dtype="bfloat16"
    )
    model = get_peft_model(load_model(config), lora(config))
    adapters_to_float32(model)
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert {p.dtype for p in trained.values()} == {torch.float32}
    packed = [p for n, p in model.named_parameters() if "q_proj.base_layer" in n]
    assert {p.dtype for p in packed} == {torch.uint8}
    before = {n: p.detach().clone() for n, p in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-5, weight_decay=0.0)
    ids = torch.tensor([prompt_ids(tokenizer, MESSAGES, chat=True)])
    for _ in range(2):
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    moved = [(p != before[n]).float().mean() for n, p in trained.items() if "lora_A" in n]
    assert min(moved) > 0.9
