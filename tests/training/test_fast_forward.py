"""The shared forward pass has stock TRL's log-probabilities, entropies and gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from tests.training.fast_case import Padded, gradients, llama, lora_model, padded, pair, trainer
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, MistralConfig, MistralForCausalLM
from trl import GRPOTrainer

from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions
from sqlgrpo.training.fast.forward import reason_not_to_pack

Groups = list[tuple[list[int], list[list[int]]]]
ANSWER = [10, 11, 12, 13, 14, 15, 16]
GROUPS = [
    (
        [5, 6, 7, 8, 9, 5, 6],
        [[*ANSWER, 1], [*ANSWER[:3], 20, 21, 1], [*ANSWER, 1], [*ANSWER[:5]]],
    ),
    ([30], [[10, 11, 1], [10, 11, 12, 13, 14, 15, 16, 17], [40], []]),
]
OPENED = [([5, 6, 7, 8, 9, 5], GROUPS[0][1]), ([5, 6, 7, 8, 30], GROUPS[1][1])]
"""The same completions, on prompts that begin alike."""
ADVANTAGES = [1.0, -0.5, 0.3, -0.2, 0.7, 0.1, -0.9, 0.4]
LOSSES = ["grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"]


def batch(groups: Groups = GROUPS, **more: torch.Tensor) -> Padded:
    """Two prompts of 7 tokens and 1; equal, nested, truncated and empty completions."""
    made = padded(groups, ADVANTAGES)
    made.inputs.update(more)
    return made


def off_policy(built: GRPOTrainer) -> dict[str, torch.Tensor]:
    """Log-probabilities of an older policy and of a reference, as ``num_iterations > 1`` has."""
    torch.manual_seed(1)
    now, _ = scores(built, batch())
    return {
        "old_per_token_logps": now + 0.2 * torch.randn_like(now),
        "ref_per_token_logps": now + 0.2 * torch.randn_like(now),
    }


def scores(built: GRPOTrainer, case: Padded) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        logps, entropies, _ = built._get_per_token_logps_and_entropies(
            built.model, case.ids, case.mask, case.width, compute_entropy=True
        )
    return logps, entropies


def assert_same_scores(stock: GRPOTrainer, fast: GRPOTrainer, case: Padded) -> None:
    for ours, theirs in zip(scores(fast, case), scores(stock, case), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def assert_same_gradients(
    stock: GRPOTrainer, fast: GRPOTrainer, case: Padded, tolerance: float = 1e-4
) -> None:
    theirs, ours = gradients(stock, case), gradients(fast, case)
    assert theirs.keys() == ours.keys()
    assert any(g.norm() > 0 for g in theirs.values())
    for name, expected in theirs.items():
        error = (ours[name] - expected).norm() / expected.norm().clamp(min=1e-12)
        assert error <= tolerance, name


@pytest.mark.parametrize("loss_type", LOSSES)
@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_every_loss_has_stock_gradients(loss_type: str, beta: float, tmp_path: Path) -> None:
    stock, fast = pair(tmp_path, loss_type=loss_type, beta=beta, make=lora_model)
    assert_same_gradients(stock, fast, batch(**off_policy(stock)))


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.7},
        {"importance_sampling_level": "sequence"},
        {"top_entropy_quantile": 0.5},
        {"entropy_coef": 0.01},
        {"gradient_checkpointing": True},
        {"off_policy_mask_threshold": 0.5},
        {"cast_lm_head_to_fp32": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
@pytest.mark.parametrize("weights", ["full", "lora"])
@pytest.mark.parametrize("groups", [GROUPS, OPENED], ids=["apart", "opened alike"])
def test_every_setting_has_stock_scores_and_gradients(
    settings: dict[str, Any], weights: str, groups: Groups, tmp_path: Path
) -> None:
    make = llama if weights == "full" else lora_model
    stock, fast = pair(tmp_path, make, **settings)
    assert_same_scores(stock, fast, batch(groups))
    assert_same_gradients(stock, fast, batch(groups))


def test_tied_embeddings_get_the_gradients_of_both_their_uses(tmp_path: Path) -> None:
    stock, fast = pair(tmp_path, lambda: llama(tied=True))
    assert_same_gradients(stock, fast, batch())


@pytest.mark.parametrize("checkpointing", [False, True])
def test_qlora_has_stock_scores_and_gradients(checkpointing: bool, tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path / "base")
    built = []
    for kind in (GRPOTrainer, FastGRPOTrainer):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_pretrained(
            tmp_path / "base",
            dtype=torch.float32,
            quantization_config=BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_compute_dtype=torch.float32,
            ),
            device_map={"": "cpu"},
        )
        config = LoraConfig(
            r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
        )
        one = trainer(
            kind,
            tmp_path / kind.__name__,
            model=model,
            gradient_checkpointing=checkpointing,
            extra={"peft_config": config},
        )
        for parameter in one.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        built.append(one)
    assert built[0].model.is_quantized
    for groups in (GROUPS, OPENED):
        assert_same_scores(*built, batch(groups))
        assert_same_gradients(*built, batch(groups))


@pytest.mark.parametrize("max_tokens", [1, 6, 12, 20])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_group_that_does_not_fit_is_split_with_the_same_result(
    max_tokens: int, checkpointing: bool, tmp_path: Path
) -> None:
    settings = {"gradient_checkpointing": checkpointing}
    stock = trainer(GRPOTrainer, tmp_path / "stock", model=lora_model(), **settings)
    fast = trainer(
        FastGRPOTrainer,
        tmp_path / "fast",
        model=lora_model(),
        extra={"fast": FastOptions(max_tokens=max_tokens)},
        **settings,
    )
    for groups in (GROUPS, OPENED):
        assert_same_scores(stock, fast, batch(groups))
        assert_same_gradients(stock, fast, batch(groups))


@pytest.mark.usefixtures("flex_on_cpu")
@pytest.mark.parametrize("make", [llama, lora_model], ids=["full", "lora"])
@pytest.mark.parametrize("groups", [GROUPS, OPENED], ids=["apart", "opened alike"])
@pytest.mark.parametrize(
    "settings", [{}, {"gradient_checkpointing": True}], ids=["plain", "checkpointing"]
)
@pytest.mark.parametrize("max_tokens", [None, 12])
def test_flex_attention_has_stock_scores_and_gradients(
    make: Callable[[], Any],
    groups: Groups,
    settings: dict[str, Any],
    max_tokens: int | None,
    tmp_path: Path,
) -> None:
    options = {"fast": FastOptions(attention="flex", max_tokens=max_tokens)}
    stock = trainer(GRPOTrainer, tmp_path / "stock", model=make(), **settings)
    fast = trainer(FastGRPOTrainer, tmp_path / "fast", model=make(), extra=options, **settings)
    assert_same_scores(stock, fast, batch(groups))
    assert_same_gradients(stock, fast, batch(groups))


@pytest.mark.usefixtures("flex_on_cpu")
def test_flex_attention_takes_what_autocast_leaves_in_float32(tmp_path: Path) -> None:
    options = {"fast": FastOptions(attention="flex")}
    exact = trainer(GRPOTrainer, tmp_path / "exact", model=lora_model())
    stock = trainer(GRPOTrainer, tmp_path / "stock", model=lora_model(), bf16=True)
    fast = trainer(FastGRPOTrainer, tmp_path / "fast", model=lora_model(), extra=options, bf16=True)
    truth = gradients(exact, batch())
    theirs, ours = gradients(stock, batch()), gradients(fast, batch())
    for name, expected in truth.items():
        rounding = (theirs[name] - expected).norm()
        assert (ours[name] - expected).norm() < 3 * rounding + 1e-12, name


@pytest.mark.parametrize("groups", [GROUPS, OPENED], ids=["apart", "opened alike"])
def test_mixed_precision_differs_from_stock_by_rounding_only(
    groups: Groups, tmp_path: Path
) -> None:
    exact = trainer(GRPOTrainer, tmp_path / "exact", model=lora_model())
    stock = trainer(GRPOTrainer, tmp_path / "stock", model=lora_model(), bf16=True)
    fast = trainer(FastGRPOTrainer, tmp_path / "fast", model=lora_model(), bf16=True)
    truth = scores(exact, batch(groups))[0]
    stock_error = (scores(stock, batch(groups))[0] - truth).abs().max()
    fast_error = (scores(fast, batch(groups))[0] - truth).abs().max()
    assert stock_error > 1e-4
    assert fast_error < 3 * stock_error


def test_a_completion_without_advantage_is_not_forwarded_and_changes_nothing(
    tmp_path: Path,
) -> None:
    case = padded(GROUPS, [0.0, 0.0, 0.0, 0.0, 0.7, 0.0, -0.9, 0.4])
    stock, fast = pair(tmp_path, lora_model)
    assert_same_gradients(stock, fast, case)
    live = len(GROUPS[1][0]) + 2  # the prompt and two inputs: 10 11
    assert fast._metrics["train"]["sharing/forward"] == [case.ids.numel() / live]


@pytest.mark.parametrize("old", [False, True])
def test_a_batch_without_any_advantage_has_gradients_of_zero_not_none(
    old: bool, tmp_path: Path
) -> None:
    case = padded(GROUPS, [0.0] * 8)
    fast = trainer(FastGRPOTrainer, tmp_path, model=lora_model())
    if old:
        case.inputs["old_per_token_logps"] = off_policy(fast)["old_per_token_logps"]
    assert all((g == 0).all() for g in gradients(fast, case).values())


@pytest.mark.parametrize("settings", [{"beta": 0.1}, {"entropy_coef": 0.1}])
def test_a_completion_without_advantage_keeps_its_kl_and_entropy_gradient(
    settings: dict[str, float], tmp_path: Path
) -> None:
    case = padded(GROUPS, [0.0] * 8)
    stock, fast = pair(tmp_path, lora_model, **settings)
    case.inputs["ref_per_token_logps"] = off_policy(stock)["ref_per_token_logps"]
    assert_same_gradients(stock, fast, case)


def test_the_logged_entropy_is_that_of_the_completions_that_were_forwarded(tmp_path: Path) -> None:
    case = padded(GROUPS, [0.0, 0.0, 0.0, 0.0, 0.7, 0.1, -0.9, 0.4])
    fast = trainer(FastGRPOTrainer, tmp_path, model=lora_model())
    entropies = scores(fast, case)[1][4:]
    gradients(fast, case)
    live = case.inputs["completion_mask"][4:].bool()
    assert fast._metrics["train"]["entropy"][0] == pytest.approx(entropies[live].mean().item())


def test_padded_batches_and_generate_still_work_on_the_same_model(tmp_path: Path) -> None:
    plain = llama()
    fast = trainer(FastGRPOTrainer, tmp_path, model=copy.deepcopy(plain))
    case = batch()
    ours = fast.model(input_ids=case.ids, attention_mask=case.mask).logits
    theirs = plain(input_ids=case.ids, attention_mask=case.mask).logits
    assert torch.equal(ours, theirs)
    prompt = torch.tensor([[5, 6, 7]])
    assert torch.equal(
        fast.model.generate(prompt, max_new_tokens=5, do_sample=False),
        plain.generate(prompt, max_new_tokens=5, do_sample=False),
    )


def test_the_saved_config_does_not_name_our_attention(tmp_path: Path) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path)
    fast.save_model(str(tmp_path / "saved"))
    assert "sqlgrpo" not in (tmp_path / "saved" / "config.json").read_text(encoding="utf-8")


def test_a_model_with_sliding_windows_is_trained_the_stock_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = MistralForCausalLM(
        MistralConfig(
            vocab_size=63,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            sliding_window=4,
            pad_token_id=0,
            eos_token_id=1,
        )
    )
    assert "sliding window" in reason_not_to_pack(model)
    stock, fast = pair(tmp_path, lambda: copy.deepcopy(model))
    assert "sliding window" in caplog.text
    assert_same_gradients(stock, fast, batch())
