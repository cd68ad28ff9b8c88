"""Shared rollouts sample from the policy, sample by sample, whatever they share."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tests.training.fast_case import EOS, PAD, llama, lora_model, tokenizer, trainer
from torch import Tensor
from transformers import GenerationConfig
from trl import GRPOTrainer

from sqlgrpo.inference import engine, step
from sqlgrpo.inference.engine import copy_dtype
from sqlgrpo.inference.rollout import Limits, Rollout
from sqlgrpo.inference.sampling import Sampler, unsupported
from sqlgrpo.models.shadow import Shadow
from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions

PROMPTS = [[5, 6, 7, 8, 9]] * 6 + [[30]] * 6 + [[12, 13]] * 3 + [[9, 9, 9, 9, 9, 9, 9]]
LIVE = FastOptions(sampling="model")


def rollouts(fast: GRPOTrainer, prompts: list[list[int]]) -> tuple[list[list[int]], Any]:
    tokens, logps = fast._generate_single_turn(prompts, None, {}, 1)
    return tokens, logps


def stock_logps(fast: GRPOTrainer, prompts: list[list[int]], tokens: list[list[int]]) -> Tensor:
    """Log-probabilities of sampled tokens by stock's padded forward pass."""
    p, c = max(map(len, prompts)), max(map(len, tokens))
    rows = list(zip(prompts, tokens, strict=True))
    ids = [[PAD] * (p - len(a)) + a + b + [PAD] * (c - len(b)) for a, b in rows]
    mask = [[0] * (p - len(a)) + [1] * (len(a) + len(b)) + [0] * (c - len(b)) for a, b in rows]
    with torch.no_grad():
        logps, _, _ = GRPOTrainer._get_per_token_logps_and_entropies(
            fast, fast.model, torch.tensor(ids), torch.tensor(mask), c
        )
    return logps


@pytest.mark.parametrize("weights", ["full", "lora"])
@pytest.mark.parametrize("sampling", ["model", "float32"])
def test_every_token_has_the_probability_that_stock_gives_it(
    weights: str, sampling: str, tmp_path: Path
) -> None:
    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        model=llama() if weights == "full" else lora_model(),
        max_completion_length=90,
        extra={"fast": FastOptions(sampling=sampling)},
    )
    torch.manual_seed(0)
    tokens, logps = rollouts(fast, PROMPTS)
    expected = stock_logps(fast, PROMPTS, tokens)
    for row, ours, completion in zip(expected, logps, tokens, strict=True):
        torch.testing.assert_close(torch.tensor(ours), row[: len(completion)], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(("padding", "calls"), [({"cpu": 0}, 4), ({"cpu": 500}, 2), ({}, 1)])
def test_how_many_groups_attend_in_one_call_changes_nothing(
    padding: dict[str, int], calls: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    most = 0
    of = step.Step.of

    def counted(*given: Any) -> step.Step:
        nonlocal most
        made = of(*given)
        most = max(most, len(made.parts))
        return made

    monkeypatch.setattr(step.Step, "of", counted)
    monkeypatch.setattr(step, "CALL", padding)
    fast = trainer(FastGRPOTrainer, tmp_path, max_completion_length=40, extra={"fast": LIVE})
    torch.manual_seed(0)
    tokens, logps = rollouts(fast, PROMPTS)
    expected = stock_logps(fast, PROMPTS, tokens)
    assert most == calls
    for row, ours, completion in zip(expected, logps, tokens, strict=True):
        torch.testing.assert_close(torch.tensor(ours), row[: len(completion)], atol=1e-4, rtol=1e-5)


def test_a_completion_ends_at_its_first_eos_or_at_the_limit(tmp_path: Path) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path, max_completion_length=40, extra={"fast": LIVE})
    tokens, _ = rollouts(fast, PROMPTS * 4)
    assert {len(completion) for completion in tokens} > {40}
    for completion in tokens:
        assert EOS not in completion[:-1]
        assert completion[-1] == EOS or len(completion) == 40


def test_greedy_completions_are_those_of_generate(tmp_path: Path) -> None:
    settings = {"generation_kwargs": {"do_sample": False}, "max_completion_length": 20}
    fast = trainer(FastGRPOTrainer, tmp_path / "fast", extra={"fast": LIVE}, **settings)
    stock = trainer(GRPOTrainer, tmp_path / "stock", **settings)
    assert rollouts(fast, PROMPTS)[0] == rollouts(stock, PROMPTS)[0]


def test_samples_of_a_group_are_independent_draws_from_the_policy(tmp_path: Path) -> None:
    """Frequencies of whole completions against their probabilities, as if sampled one by one."""
    count = 4_000
    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        model=llama(sharpness=3),
        max_completion_length=2,
        extra={"fast": LIVE},
    )
    torch.manual_seed(1)
    tokens, logps = rollouts(fast, [[5, 6, 7]] * count)
    seen = Counter(map(tuple, tokens))
    probability = {
        tuple(t): torch.tensor(row).sum().exp().item() for t, row in zip(tokens, logps, strict=True)
    }
    likely = [key for key, p in probability.items() if p * count > 20]
    assert len(likely) > 5
    for key in likely:
        p = probability[key]
        assert abs(seen[key] / count - p) < 4.5 * (p * (1 - p) / count) ** 0.5
    halves = sum(a == b for a, b in zip(tokens[::2], tokens[1::2], strict=True)) / (count / 2)
    collision = sum(p * p for p in probability.values())
    assert halves == pytest.approx(collision, abs=0.04)


@pytest.mark.parametrize(
    "settings",
    [{"top_k": 3}, {"top_p": 0.6}, {"min_p": 0.2}, {"temperature": 0.5, "top_k": 5, "top_p": 0.8}],
    ids=str,
)
def test_the_filters_of_the_generation_config_are_those_of_generate(
    settings: dict[str, Any],
) -> None:
    model = llama(sharpness=2)
    config = GenerationConfig(do_sample=True, **settings)
    prompt = torch.tensor([[5, 6, 7]])
    scores = model.generate(
        prompt,
        generation_config=config,
        max_new_tokens=1,
        output_scores=True,
        return_dict_in_generate=True,
    ).scores[0]
    expected = scores.softmax(dim=-1)[0]
    logits = model(prompt).logits[:, -1]
    drawn, _ = Sampler.of(config).draw(logits, 20_000)
    frequency = torch.bincount(drawn[0], minlength=len(expected)) / 20_000
    assert (frequency[expected == 0] == 0).all()
    torch.testing.assert_close(frequency, expected, atol=0.02, rtol=0)


def test_a_setting_that_only_generate_knows_goes_through_generate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path, repetition_penalty=1.3)
    assert fast._engine is None
    assert "repetition_penalty" in caplog.text
    assert len(rollouts(fast, PROMPTS[:2])[0]) == 2
    assert unsupported(GenerationConfig(no_repeat_ngram_size=3)) == ["no_repeat_ngram_size"]


def test_a_completion_stops_where_the_stop_string_is_complete(tmp_path: Path) -> None:
    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        max_completion_length=60,
        generation_kwargs={"stop_strings": ["w7"]},
        extra={"fast": LIVE},
    )
    tokens, _ = rollouts(fast, PROMPTS * 6)
    stop = tokenizer()("w7")["input_ids"][0]
    texts = [fast.processing_class.decode(completion) for completion in tokens]
    assert any("w7" in text for text in texts)
    for completion, text in zip(tokens, texts, strict=True):
        head = fast.processing_class.decode(completion[:-1])
        assert "w7" not in head
        assert "w7" in text or completion[-1] == EOS or len(completion) == 60
    assert any(completion[-1] == stop for completion in tokens)


def test_equal_prefixes_are_computed_once(tmp_path: Path) -> None:
    """Greedy samples never part, so a group costs what one completion costs."""
    model = llama()
    config = GenerationConfig(do_sample=False)
    limits = Limits(max_new_tokens=10, eos=frozenset())
    trainer(FastGRPOTrainer, tmp_path, model=model)  # teaches the model shared attention
    alone = Rollout(model, Sampler.of(config), limits)
    alone.run([[5, 6, 7]])
    group = Rollout(model, Sampler.of(config), limits)
    group.run([[5, 6, 7]] * 8)
    assert group.forwarded_tokens == alone.forwarded_tokens == 3 + 9


def test_completions_are_reported_with_their_row_while_others_still_run(tmp_path: Path) -> None:
    reported: list[tuple[str, list[int]]] = []
    fast = trainer(FastGRPOTrainer, tmp_path, max_completion_length=30)
    fast.on_completion = lambda row, tokens: reported.append((row["prompt"], list(tokens)))
    inputs = [{"prompt": "w1 w2"}] * 4 + [{"prompt": "w3"}] * 4
    output = fast._generate_and_score_completions(inputs)
    lengths = output["completion_mask"].sum(dim=1).tolist()
    expected = [
        (row["prompt"], ids[:n])
        for row, ids, n in zip(inputs, output["completion_ids"].tolist(), lengths, strict=True)
    ]
    assert sorted(reported) == sorted(expected)
    assert [len(tokens) for _, tokens in reported] == sorted(lengths)


def test_the_copy_follows_the_live_model_and_never_changes_it() -> None:
    model = lora_model()
    before = {name: p.clone() for name, p in model.named_parameters()}
    shadow = Shadow(model, torch.float32)
    ids = torch.tensor([[5, 6, 7, 8]])
    for _ in range(3):
        copy = shadow.refresh(model)
        torch.testing.assert_close(copy(ids).logits, model(ids).logits, atol=1e-4, rtol=1e-4)
        assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
        with torch.no_grad():
            for name, p in model.named_parameters():
                if "lora_" in name:
                    p.add_(0.1)
                    before[name] = p.clone()


@pytest.mark.parametrize("tied", [True, False])
def test_the_head_of_the_copy_follows_too(tied: bool) -> None:
    model, ids = llama(tied=tied), torch.tensor([[5, 6, 7, 8]])
    shadow = Shadow(model, torch.float32)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
        copy = shadow.refresh(model)
        torch.testing.assert_close(copy(ids).logits, model(ids).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("able", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
@pytest.mark.parametrize("weights", ["full", "lora"])
def test_a_cpu_samples_from_a_copy_in_the_precision_that_it_computes_in(
    able: bool, dtype: torch.dtype, weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "computes_in_bfloat16", lambda _: able)
    assert copy_dtype(llama() if weights == "full" else lora_model(), "auto") is dtype


def test_a_model_in_bfloat16_is_copied_for_its_adapters_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "computes_in_bfloat16", lambda _: True)
    assert copy_dtype(llama().bfloat16(), "auto") is None
    assert copy_dtype(lora_model().bfloat16(), "auto") is torch.bfloat16
    monkeypatch.setattr(engine, "computes_in_bfloat16", lambda _: False)
    assert copy_dtype(lora_model().bfloat16(), "auto") is None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"modules_to_save": ["embed_tokens"]}, "whole modules"),
        ({"use_dora": True}, "DoRA"),
        ({"lora_bias": True}, "bias"),
    ],
)
def test_a_model_that_cannot_be_copied_is_sampled_live(
    settings: dict[str, Any], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = LoraConfig(r=2, target_modules=["q_proj"], **settings)
    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        model=get_peft_model(llama(), odd),
        extra={"fast": FastOptions(sampling="bfloat16")},
    )
    assert fast._engine is not None
    assert fast._engine.dtype is None
    assert reason in caplog.text


def test_a_base_model_samples_without_the_engine(tmp_path: Path) -> None:
    """TRL gives ``generate`` no tokenizer, which it would need for a stop string."""
    asked = {"stop_strings": ["\n\n"], "repetition_penalty": 1.1}
    fast = trainer(FastGRPOTrainer, tmp_path, generation_kwargs=asked, max_steps=1)
    assert fast._engine is None
    fast.train()
    assert fast.state.global_step == 1
