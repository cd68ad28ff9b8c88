"""The gold as a branch of its group's tree: the right loss, for the right groups, in whole runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.training.fast_case import EOS, Padded, gradients, llama, padded, pair, tokenizer
from tests.training.tiny_run import config, run

from sqlgrpo.errors import ConfigError
from sqlgrpo.training.fast.gold import GoldLoss
from sqlgrpo.training.preflight import check_settings

TEMPERATURE, WEIGHT = 1.3, 0.7
GROUPS = [
    ([5, 6, 7], [[10, 11, EOS], [10, 12, 13, EOS], [10, 11, EOS], [14, EOS]]),
    ([8, 9], [[20, 21, EOS], [20, 22, EOS], [23, EOS], [20, 21, EOS]]),
]
ADVANTAGES = [1.0, -1.0, 1.0, -1.0, 0.5, -0.5, 0.0, 0.5]


def supervised(batch: Padded, golds: list[list[int]]) -> dict[str, torch.Tensor]:
    """Gradient of the weighted loss on golds from plain forward passes; two micro-batches."""
    model = llama()
    logps = []
    for prompt, mask, gold in zip(
        batch.inputs["prompt_ids"], batch.inputs["prompt_mask"].bool(), golds, strict=True
    ):
        if gold:
            ids = torch.tensor([[*prompt[mask].tolist(), *gold]])
            scores = model(input_ids=ids).logits[0, -len(gold) - 1 : -1] / TEMPERATURE
            logps.append(scores.log_softmax(-1)[torch.arange(len(gold)), gold])
    (-WEIGHT * torch.cat(logps).mean() / 2).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize(
    ("advantages", "golds"),
    [
        (ADVANTAGES, [[10, 11, EOS], [], [], [], [20, 25, 26, EOS], [], [], []]),
        (ADVANTAGES, [[30, 31, 32, 33, 34, 35, EOS], *[[]] * 7]),
        ([*ADVANTAGES[:4], 0, 0, 0, 0], [*[[]] * 4, [20, 21, EOS], [], [], []]),
        ([0.0] * 8, [[10, 11, EOS], [], [], [], [24, EOS], [], [], []]),
    ],
    ids=["a sampled gold and a new one", "longer than all", "a flat group", "all groups flat"],
)
@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_gradients_are_those_of_stock_and_of_the_golds(
    tmp_path: Path, advantages: list[float], golds: list[list[int]], beta: float
) -> None:
    batch = padded(GROUPS, advantages)
    batch.inputs["ref_per_token_logps"] = torch.full((8, batch.width), -2.0)
    stock, fast = pair(tmp_path, temperature=TEMPERATURE)
    stock.beta = fast.beta = beta
    policy, gold = gradients(stock, batch), supervised(batch, golds)
    fast.golds = GoldLoss(golds={}, weight=WEIGHT)
    batch.inputs["golds"] = golds
    for name, found in gradients(fast, batch).items():
        expected = policy[name] + gold[name]
        assert (found - expected).norm() <= 1e-4 * expected.norm(), name


def test_a_gold_is_for_the_groups_that_are_not_right_throughout() -> None:
    loss = GoldLoss(golds={"a": (7, EOS), "b": (8, EOS)}, weight=1.0)
    rows = [{"example_id": name} for name in "aabbccaa"]
    rewards = torch.tensor([[1.0], [0.0], [0.0], [0.0], [0.0], [0.0], [1.0], [1.0 - 1e-8]])
    branches = loss.branches(rows, rewards, group_size=2)
    assert branches == [(7, EOS), (), (8, EOS), (), (), (), (), ()]
    two = torch.tensor([[1.0, 1.0], [1.0, 0.5]])
    assert loss.branches(rows[:2], two, group_size=2) == [(7, EOS), ()]
    unscored = torch.tensor([[1.0], [torch.nan]])
    assert loss.branches(rows[:2], unscored, group_size=2) == [(7, EOS), ()]


def test_a_gold_ends_where_the_policy_would_and_is_no_longer_than_a_completion() -> None:
    answers = {"short": "w0 w1", "long": "w0 w1 w2"}
    loss = GoldLoss.of(answers, tokenizer(), weight=0.5, longest=3)
    assert loss == GoldLoss(golds={"short": [3, 4, EOS]}, weight=0.5)


def test_a_model_that_packs_no_rows_has_no_branches_for_golds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqlgrpo.training.fast.forward.reason_not_to_pack", lambda _: "a test")
    with pytest.raises(ConfigError, match=r"training\.gold_loss"):
        run(tmp_path, "training.gold_loss=0.3", "evaluation.baselines=false")


def test_a_model_that_answers_nothing_learns_from_the_golds(tmp_path: Path) -> None:
    learned = run(
        tmp_path,
        "training.gold_loss=1.0",
        "training.max_completion_tokens=64",
        "training.max_steps=8",
        "training.eval_every=8",
        "training.learning_rate=2e-2",
    )
    lines = [json.loads(line) for line in learned.metrics.read_text().splitlines()]
    losses = [line["gold_loss"] for line in lines if line["stage"] == "grpo" and "reward" in line]
    assert len(losses) == 8
    assert sum(losses[-2:]) < sum(losses[:2]) - 0.2, losses


@pytest.mark.parametrize(
    ("overrides", "needed"),
    [
        (["training.fast=false"], "set training.fast=true"),
        (["environment=multi_turn"], "set environment=single_turn"),
        (["training.gold_loss=-1"], "set it to 0 or more"),
    ],
)
def test_a_gold_loss_is_refused_where_it_would_do_nothing(
    tmp_path: Path, overrides: list[str], needed: str
) -> None:
    settings = config(tmp_path, "training.gold_loss=0.3", *overrides)
    found = [f for f in check_settings(settings) if f.what == "training.gold_loss"]
    assert [(f.level, f.next_step) for f in found] == [("error", needed)]
