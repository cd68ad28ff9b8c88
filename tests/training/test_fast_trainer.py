"""Whole training runs: the fast trainer ends where stock TRL ends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from tests.training.fast_case import (
    EOS,
    llama,
    tokenizer,
    trainer,
    word_count_reward,
)
from trl import GRPOTrainer

from sqlgrpo.errors import ConfigError
from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions, refill
from sqlgrpo.training.fast.batching import flat_groups, shuffle_groups
from sqlgrpo.training.fast.timing import StepTimer


def scripted(prompts: Sequence[str], built: GRPOTrainer) -> dict[str, Any]:
    """Completions that depend on the prompt and the step alone, not on the policy or the RNG."""
    words = tokenizer()
    completions = []
    for place, prompt in enumerate(prompts):
        draw = random.Random(f"{prompt} {place % 4 // 2} {built.state.global_step}")
        body = [draw.randrange(3, 20) for _ in range(draw.randrange(1, 9))]
        completions.append([*body, EOS] if len(body) < 8 else body)
    return {
        "prompt_ids": [words(prompt)["input_ids"] for prompt in prompts],
        "completion_ids": completions,
        "logprobs": None,
    }


def trained(kind: type[GRPOTrainer], folder: Path, **settings: Any) -> dict[str, torch.Tensor]:
    extra = {"rollout_func": scripted}
    built = trainer(kind, folder, extra=extra, optim="sgd", learning_rate=0.05, **settings)
    built.train()
    return {name: p.detach() for name, p in built.model.named_parameters()}


@pytest.mark.parametrize(
    "settings",
    [
        {"max_steps": 4},
        {"max_steps": 4, "num_iterations": 2},
        {"max_steps": 2, "beta": 0.0, "loss_type": "dr_grpo"},
        {"max_steps": 2, "mask_truncated_completions": True},
        {"max_steps": 2, "gradient_checkpointing": True},
        {"max_steps": 2, "scale_rewards": "batch"},
        {"max_steps": 2, "multi_objective_aggregation": "normalize_then_sum"},
    ],
    ids=lambda settings: " ".join(f"{k}={v}" for k, v in settings.items() if k != "max_steps"),
)
def test_training_ends_at_the_weights_of_stock_training(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    """Stock deals rows to micro-batches at random, so losses that do not depend on the deal."""
    start = dict(llama().named_parameters())
    stock = trained(GRPOTrainer, tmp_path / "stock", **settings)
    fast = trained(FastGRPOTrainer, tmp_path / "fast", **settings)
    for name, expected in stock.items():
        moved = (expected - start[name]).norm()
        assert moved > 0
        assert (fast[name] - expected).norm() / moved < 1e-3, name


def test_a_reference_model_is_scored_from_packed_rows_too(tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path / "base")
    tokenizer().save_pretrained(tmp_path / "base")
    settings = {"model": str(tmp_path / "base"), "beta": 0.2, "num_iterations": 2, "max_steps": 4}
    stock = trained(GRPOTrainer, tmp_path / "stock", **settings)
    fast = trained(FastGRPOTrainer, tmp_path / "fast", **settings)
    for name, expected in stock.items():
        torch.testing.assert_close(fast[name], expected, atol=1e-5, rtol=1e-4)


def test_a_run_of_its_own_rollouts_logs_what_it_shared_and_where_time_went(
    tmp_path: Path,
) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path, model=llama(sharpness=4), max_steps=2)
    fast.train()
    entry = fast.state.log_history[0]
    assert entry["sharing/rollout"] > 1.5
    assert entry["sharing/forward"] > 1.5
    parts = [entry[f"time/{part}_s"] for part in ("generate", "verify", "train", "other")]
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(entry["time/step_s"])


def flat_for_long_prompts(prompts: list[str], completion_ids: Any, **_: Any) -> list[float]:
    """Long questions teach nothing; TRL's mean of 0.1 is not quite 0.1."""
    return [
        0.1 if len(prompt.split()) > 4 else float(sum(ids) % 7)
        for prompt, ids in zip(prompts, completion_ids, strict=True)
    ]


@pytest.mark.parametrize("scale", ["group", "batch"])
def test_groups_with_equal_rewards_are_counted_and_lose_their_rounding_noise(
    scale: str, tmp_path: Path
) -> None:
    fast = trainer(FastGRPOTrainer, tmp_path, reward=flat_for_long_prompts, scale_rewards=scale)
    prompts = ["w1 w2 w3 w4 w5", "w6 w7"]
    inputs = [{"prompt": prompt} for prompt in prompts for _ in range(4)]
    output = fast._generate_and_score_completions(inputs)
    assert fast._metrics["train"]["frac_reward_zero_std"] == [0.5]
    assert (output["advantages"][:4] == 0).all()
    assert output["advantages"][4:].abs().max() > 0.5


@pytest.mark.parametrize("rounds", [0, 6])
def test_flat_groups_are_replaced_by_groups_that_teach(rounds: int, tmp_path: Path) -> None:
    options = FastOptions(refill_rounds=rounds, sampling="model")
    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        reward=flat_for_long_prompts,
        max_completion_length=12,
        extra={"fast": options},
    )
    prompts = ["w1 w2 w3 w4 w5", "w6 w7", "w8 w9 w10 w11 w12 w13 w14"]
    batch = fast._generate_and_score_completions([{"prompt": p} for p in prompts for _ in range(4)])
    flat = (batch["advantages"].view(-1, 4) == 0).all(dim=1).tolist()
    assert len(flat) == 3
    assert flat[1] is False
    assert sum(flat) == {0: 2, 6: 0}[rounds]
    lengths = batch["prompt_mask"].sum(dim=1).view(-1, 4)
    assert (lengths == lengths[:, :1]).all()
    assert [n > 4 for n in lengths[:, 0].tolist()] == flat
    assert batch["num_items_in_batch"] == batch["completion_mask"].sum()
    assert len({v.shape[1] for n, v in batch.items() if n.startswith("completion_")}) == 1
    assert fast._metrics["train"].get("refilled_groups", [0]) == [2 - sum(flat)]


def drawn(fast: Any, monkeypatch: pytest.MonkeyPatch, *, step: int, micro_batch: int) -> list[int]:
    """The seeds of what is drawn to replace the groups of one generation."""
    seeds: list[int] = []
    draw = refill.draw

    def watched(dataset: Any, count: int, size: int, seed: int) -> Any:
        seeds.append(seed)
        return draw(dataset, count, size, seed)

    fast.state.global_step, fast._step = step, micro_batch
    with monkeypatch.context() as patched:
        patched.setattr(refill, "draw", watched)
        fast._generate_and_score_completions([{"prompt": "w1 w2"}] * 4)
    return seeds


def test_refilling_ends_after_its_rounds_and_a_resumed_run_draws_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        reward=lambda completion_ids, **_: [0.0] * len(completion_ids),
        extra={"fast": FastOptions(refill_rounds=3, sampling="model")},
    )
    seeds = drawn(fast, monkeypatch, step=5, micro_batch=10)
    assert len(set(seeds)) == 3
    assert fast._metrics["train"]["frac_reward_zero_std"] == [1.0]
    assert drawn(fast, monkeypatch, step=5, micro_batch=0) == seeds  # TRL counts from 0 again
    assert drawn(fast, monkeypatch, step=6, micro_batch=0) != seeds


@pytest.mark.parametrize(
    "settings",
    [{"scale_rewards": "batch"}, {"multi_objective_aggregation": "normalize_then_sum"}],
)
def test_refilling_is_refused_where_advantages_depend_on_the_other_groups(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="refill_rounds"):
        trainer(FastGRPOTrainer, tmp_path, extra={"fast": FastOptions(refill_rounds=1)}, **settings)


@pytest.mark.parametrize(
    ("rewards", "summed", "flat"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], True, True),
        ([[1.0, 0.0], [0.0, 1.0]], False, False),
        ([[0.3, 0.1], [0.3, 0.1]], False, True),
        ([[0.1 + 0.2, 0.0], [0.3, 0.0]], True, True),
        ([[1.0, torch.nan], [1.0, 0.0]], True, True),
        ([[torch.nan, torch.nan], [1.0, 0.0]], True, True),
        ([[1.0, torch.nan], [1.0, 0.5]], False, True),
        ([[0.0, 0.0], [1e-3, 0.0]], True, False),
    ],
)
def test_a_group_is_flat_when_no_reward_tells_its_completions_apart(
    rewards: list[list[float]], summed: bool, flat: bool
) -> None:
    found = flat_groups(torch.tensor(rewards), torch.ones(2), 2, summed=summed)
    assert found.tolist() == [flat]


def test_groups_stay_together_when_a_batch_is_shuffled() -> None:
    batch = {"a": torch.arange(12), "b": [str(i) for i in range(12)], "n": torch.tensor(5)}
    torch.manual_seed(0)
    mixed = shuffle_groups(batch, 4)
    assert mixed["a"].tolist() != batch["a"].tolist()
    assert mixed["b"] == [str(i) for i in mixed["a"].tolist()]
    assert mixed["n"] == 5
    for group in mixed["a"].view(-1, 4).tolist():
        assert group == list(range(group[0], group[0] + 4))


def test_one_completion_per_prompt_is_enough_at_evaluation(tmp_path: Path) -> None:
    extra = {"eval_dataset": Dataset.from_list([{"prompt": "w1"}, {"prompt": "w2 w3"}])}
    sampled: list[list[int]] = []

    def reward(completion_ids: list[list[int]], **_: Any) -> list[float]:
        sampled.extend(completion_ids)
        return word_count_reward(completion_ids)

    fast = trainer(
        FastGRPOTrainer,
        tmp_path,
        reward=reward,
        extra=extra,
        num_generations_eval=1,
        per_device_eval_batch_size=2,
    )
    found = fast.evaluate()
    assert len(sampled) == 2
    assert found["eval_reward"] == pytest.approx(sum(word_count_reward(sampled)) / 2)


@pytest.mark.parametrize(
    "options",
    [{"sampling": "float8"}, {"max_tokens": 0}, {"refill_rounds": -1}, {"attention": "flux"}],
)
def test_an_option_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        FastOptions(**options)


def test_the_time_of_an_inner_part_is_not_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 1.0, 3.0, 7.0, 15.0, 31.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    timer = StepTimer()
    with timer.measure("train"), timer.measure("verify"):
        pass
    with pytest.raises(ZeroDivisionError), timer.measure("generate"):
        _ = 1 / 0
    monkeypatch.setattr("time.perf_counter", lambda: 31.0)
    assert timer.step() == {
        "time/generate_s": 16.0,
        "time/verify_s": 2.0,
        "time/train_s": 1.0 + 4.0,
        "time/other_s": 8.0,
        "time/step_s": 31.0,
    }
