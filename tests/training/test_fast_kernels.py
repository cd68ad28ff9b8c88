"""The small operations under the fast trainer equal the plain ones they replace."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tests.training.fast_case import llama
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa

from sqlgrpo.training.fast import lowrank, short_attention
from sqlgrpo.training.fast.head import Head, score


def gradients(output: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    torch.manual_seed(7)
    return list(torch.autograd.grad((output * torch.randn_like(output)).sum(), inputs))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_short_attention_is_attention(dtype: torch.dtype, tolerance: float) -> None:
    torch.manual_seed(0)
    query = torch.randn(1, 6, 11, 16, requires_grad=True)
    key, value = (torch.randn(1, 2, 11, 16, requires_grad=True) for _ in range(2))
    seen = torch.ones(11, 11).tril().bool()
    seen[9, 4:8] = False
    repeated = [part.repeat_interleave(3, dim=1) for part in (key, value)]
    expected = sdpa(query, *repeated, attn_mask=seen)
    low = [part.to(dtype) for part in (query, key, value)]
    found = short_attention.attend(*low, ~seen, None)
    assert found.dtype == dtype
    inputs = [query, key, value]
    pairs = zip(
        [found.float(), *gradients(found.float(), inputs)],
        [expected, *gradients(expected, inputs)],
        strict=True,
    )
    assert all((a - b).norm() <= tolerance * b.norm() for a, b in pairs)


def adapted(**settings: Any) -> Any:
    torch.manual_seed(0)
    config = LoraConfig(
        r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False, **settings
    )
    return get_peft_model(llama(), config)


@pytest.mark.parametrize("base_dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("settings", [{}, {"use_rslora": True}])
def test_fused_lora_is_lora(
    base_dtype: torch.dtype, autocast: bool, settings: dict[str, Any]
) -> None:
    """Exactly in float32; in mixed precision no further from the truth than PEFT's own layers."""
    truth = adapted(**settings)
    plain = copy.deepcopy(truth)
    for parameter in plain.parameters():
        parameter.data = parameter.data.to(torch.float32 if parameter.requires_grad else base_dtype)
    fused = copy.deepcopy(plain)
    lowrank.install(fused)
    found = []
    for model, mixed in ((truth, False), (plain, autocast), (fused, autocast)):
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            logits = model(torch.tensor([[5, 6, 7, 8, 9]])).logits.float()
        weights = [p for p in model.parameters() if p.requires_grad]
        found.append([logits, *gradients(logits, weights)])
    for exact, theirs, ours in zip(*found, strict=True):
        error, allowed = (ours - exact).norm(), (theirs - exact).norm()
        assert error <= 3 * allowed + 1e-5 * exact.norm()


@pytest.mark.parametrize("settings", [{"lora_dropout": 0.5}, {"use_dora": True}])
def test_lora_with_dropout_or_a_variant_stays_with_peft(settings: dict[str, Any]) -> None:
    plain = adapted(**settings).train()
    fused = copy.deepcopy(plain)
    lowrank.install(fused)
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    outputs = []
    for model in (plain, fused):
        torch.manual_seed(3)
        outputs.append(model(ids).logits)
    assert torch.equal(*outputs)


def test_a_disabled_adapter_stays_out_of_fused_lora() -> None:
    model = adapted()
    lowrank.install(model)
    ids = torch.tensor([[5, 6, 7]])
    with model.disable_adapter():
        off = model(ids).logits
    assert torch.equal(off, llama()(ids).logits)
    assert not torch.allclose(off, model(ids).logits)


@pytest.mark.parametrize("temperature", [1.0, 0.6])
@pytest.mark.parametrize("frozen", [True, False])
def test_scores_and_their_slopes_are_those_of_log_softmax(temperature: float, frozen: bool) -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(16, 50, bias=False).requires_grad_(not frozen)
    hidden = torch.randn(9, 16, requires_grad=True)
    targets = torch.randint(50, (9,))
    logps, entropies = score(hidden, head, targets, Head(temperature=temperature))
    table = (head(hidden) / temperature).log_softmax(dim=-1)
    expected = table.gather(1, targets[:, None])[:, 0]
    torch.testing.assert_close(logps, expected)
    torch.testing.assert_close(entropies, -(table.exp() * table).sum(dim=-1))
    inputs = [hidden] if frozen else [hidden, head.weight]
    for ours, theirs in zip(gradients(logps, inputs), gradients(expected, inputs), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_in_bfloat16_the_slope_of_a_nearly_certain_token_is_not_rounded_away() -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(64, 200, bias=False).requires_grad_(False)
    head.weight.copy_(head.weight.mul(20).bfloat16())
    targets = torch.arange(40)
    towards = head.weight[targets] / head.weight[targets].norm(dim=1, keepdim=True)
    hidden = (towards * torch.linspace(0.5, 1.0, 40)[:, None]).bfloat16().float().requires_grad_()
    truth = score(hidden, head, targets, Head(temperature=1.0))[0]
    assert ((truth > -0.1) & (truth < -0.001)).sum() > 5
    with torch.autocast("cpu", torch.bfloat16):
        rounded = score(hidden, head, targets, Head(temperature=1.0))[0]
    (exact,), (found,) = gradients(truth, [hidden]), gradients(rounded, [hidden])
    error_T = (found - exact).norm(dim=1) / exact.norm(dim=1)
    assert error_T.max() < 0.05
