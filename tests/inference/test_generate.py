"""The engine says what transformers' own ``generate`` says, and who cannot use it is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from peft import LoraConfig, get_peft_model
from tests.training.fast_case import EOS, PAD, llama
from tests.training.fast_case import tokenizer as plain_tokenizer
from transformers import (
    AutoModelForCausalLM,
    DiffLlamaConfig,
    GenerationConfig,
    MistralConfig,
    MixtralConfig,
    NemotronConfig,
    PreTrainedConfig,
    Qwen3Config,
)

from sqlgrpo.config import ModelConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.engine import RolloutEngine
from sqlgrpo.inference.generate import Decoding, Generator
from sqlgrpo.models import load_model, load_tokenizer

PROMPTS = [[5, 6, 7, 8, 9], [5, 6, 7], [30], [5, 6, 7, 8, 9], [12] * 11, [5, 6, 7, 20, 21, 22]]
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 63,
    "pad_token_id": PAD,
    "bos_token_id": None,
    "eos_token_id": EOS,
}
QUESTIONS = ["w1 w2 w3 w4 w5", "w6 w7", "w1 w2 w3 w8", "w9", "w1 w2 w3 w4 w5"]


def tokenizer() -> Any:
    """One token per word; a conversation is its words."""
    words = plain_tokenizer()
    words.chat_template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    return words


def adapted() -> Any:
    torch.manual_seed(0)
    config = LoraConfig(
        r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    return get_peft_model(llama(), config)


def quantized() -> Any:
    return load_model(ModelConfig(name="random:tiny", load_in_4bit=True))


def of(config: PreTrainedConfig) -> Any:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        model.lm_head.weight.mul_(20)
    return model.eval()


MODELS = {"full": llama, "lora": adapted, "nf4": quantized}


def settings(tokens: int, eos: int | list[int]) -> GenerationConfig:
    return GenerationConfig(
        max_new_tokens=tokens, do_sample=False, eos_token_id=eos, pad_token_id=PAD
    )


def expected(model: Any, prompts: list[list[int]], config: GenerationConfig) -> list[list[int]]:
    """Completions of ``generate`` on the left-padded batch, up to the first end token."""
    width = max(map(len, prompts))
    output = model.generate(
        torch.tensor([[PAD] * (width - len(prompt)) + prompt for prompt in prompts]),
        attention_mask=torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts]),
        generation_config=config,
    )
    ends = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    return [_until(row[width:].tolist(), ends) for row in output]


def _until(tokens: list[int], ends: list[int]) -> list[int]:
    stop = next((at for at, token in enumerate(tokens, 1) if token in ends), len(tokens))
    return tokens[:stop]


def answered(
    model: Any, prompts: list[list[int]], config: GenerationConfig, weights: str = "model"
) -> list[list[int]]:
    engine = RolloutEngine(model, config, tokenizer(), weights)
    samples, _ = engine.run(model, prompts, None)
    return [sample.tokens for sample in samples]


@pytest.mark.parametrize("tokens", [1, 12])
@pytest.mark.parametrize("kind", MODELS)
def test_greedy_tokens_are_those_of_generate(kind: str, tokens: int) -> None:
    model = MODELS[kind]().eval()
    config = settings(tokens, EOS)

    assert answered(model, PROMPTS, config) == expected(model, PROMPTS, config)


@pytest.mark.parametrize("kind", MODELS)
def test_a_completion_may_be_its_end_token_alone(kind: str) -> None:
    model = MODELS[kind]().eval()
    first = [row[0] for row in expected(model, PROMPTS, settings(1, EOS))]
    config = settings(8, [EOS, first[0]])
    completions = answered(model, PROMPTS, config)

    assert completions[0] == [first[0]]
    assert completions == expected(model, PROMPTS, config)


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_a_merged_copy_says_the_same(kind: str) -> None:
    model = MODELS[kind]().eval()
    config = settings(12, EOS)

    assert answered(model, PROMPTS, config, "float32") == expected(model, PROMPTS, config)


def test_a_common_start_is_read_once() -> None:
    model = llama().eval()
    engine = RolloutEngine(model, settings(1, EOS), tokenizer(), "model")
    start = list(range(5, 25))
    _, forwarded = engine.run(model, [[*start, 30, 31], [*start, 32], [*start, 30], start], None)

    assert forwarded == len(start) + 3


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_every_question_is_answered_in_its_place_and_heard_once(temperature: float) -> None:
    decoding = Decoding(max_new_tokens=6, batch_size=2, temperature=temperature, weights="model")
    ask = Generator(llama(sharpness=0.05), tokenizer(), decoding)
    heard: list[tuple[int, str]] = []
    conversations = [[{"role": "user", "content": text}] for text in QUESTIONS]
    texts = ask(conversations, lambda index, text: heard.append((index, text)))

    assert sorted(heard) == list(enumerate(texts))
    if temperature == 0:
        assert texts == [ask([each])[0] for each in conversations]
    else:
        assert texts[0] != texts[4]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (MistralConfig(**SIZES, sliding_window=4), "sliding window"),
        (NemotronConfig(**SIZES), "attention interface"),
        (DiffLlamaConfig(**SIZES), "would be off by"),
    ],
    ids=lambda value: getattr(value, "model_type", ""),
)
def test_a_model_that_cannot_share_answers_through_generate_with_a_notice(
    config: PreTrainedConfig, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = of(config)
    ask = Generator(model, tokenizer(), Decoding(max_new_tokens=6, batch_size=2))
    texts = ask([[{"role": "user", "content": text}] for text in QUESTIONS])

    notices = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [reason in notice.getMessage() for notice in notices] == [True]
    prompts = [tokenizer()(text)["input_ids"] for text in QUESTIONS]
    assert texts == [
        tokenizer().decode(expected(model, [prompt], settings(6, EOS))[0], skip_special_tokens=True)
        for prompt in prompts
    ]


@pytest.mark.parametrize(
    "config",
    [MistralConfig(**SIZES, sliding_window=None), Qwen3Config(**SIZES), MixtralConfig(**SIZES)],
    ids=lambda config: config.model_type,
)
def test_other_architectures_are_answered_by_the_engine(config: PreTrainedConfig) -> None:
    model = of(config)
    ask = Generator(model, tokenizer(), Decoding(weights="model"))

    assert ask.engine is not None
    assert answered(model, PROMPTS, settings(12, EOS)) == expected(
        model, PROMPTS, settings(12, EOS)
    )


def test_a_penalty_that_the_model_came_with_does_not_change_a_greedy_answer() -> None:
    """Qwen2.5 comes with a repetition penalty."""
    model = llama().eval()
    plain = Generator(model, tokenizer(), Decoding(max_new_tokens=9))
    conversation = [{"role": "user", "content": "w1 w2"}]
    before = plain([conversation])
    model.generation_config.repetition_penalty = 9.0
    ask = Generator(model, tokenizer(), Decoding(max_new_tokens=9))

    assert ask.engine is not None
    assert ask([conversation]) == before


def test_a_rule_that_only_generate_knows_is_left_to_generate(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = llama()
    model.generation_config.no_repeat_ngram_size = 2
    ask = Generator(model, tokenizer(), Decoding())

    assert ask.engine is None
    assert "no_repeat_ngram_size" in caplog.text


def test_rollouts_of_a_model_that_they_would_distort_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"off by .*training\.fast=false"):
        answered(of(DiffLlamaConfig(**SIZES)), PROMPTS, settings(3, EOS))


def test_a_batch_that_does_not_fit_says_what_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    ask = Generator(llama(), tokenizer(), Decoding(batch_size=7))
    monkeypatch.setattr(RolloutEngine, "sample", full)
    with pytest.raises(ConfigError, match="7 prompts together; set a smaller"):
        ask([[{"role": "user", "content": "w1"}]])


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match="float32"):
        Generator(llama(), tokenizer(), Decoding(weights="float33"))


def test_the_tokenizer_of_a_chat_model_is_asked_in_its_template() -> None:
    config = ModelConfig(name="random:tiny")
    model, words = load_model(config), load_tokenizer(config)
    messages = [{"role": "user", "content": "How many?"}]
    text = Generator(model, words, Decoding(max_new_tokens=5, weights="model"))([messages])[0]
    ids = words.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")
    output = model.generate(ids["input_ids"], max_new_tokens=5, do_sample=False)

    assert words.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True) == text


@pytest.fixture
def no_accelerator() -> Iterator[None]:
    """The process's one accelerator, whose precision other tests chose, is forgotten."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("no_accelerator")
@pytest.mark.parametrize("kind", ["full", "lora"])
def test_a_model_in_mixed_precision_training_is_answered_by_the_engine(kind: str) -> None:
    model = Accelerator(cpu=True, mixed_precision="bf16").prepare_model(
        llama() if kind == "full" else adapted()
    )

    generator = Generator(model, tokenizer(), Decoding(max_new_tokens=4))

    assert generator.engine is not None
