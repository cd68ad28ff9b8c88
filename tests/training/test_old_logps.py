"""The log-probabilities of sampling, handed over as those of the old policy, are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tests.training.fast_case import llama, tokenizer, trainer

from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions


class Watched(FastGRPOTrainer):
    """Keeps each generation batch, with the log-probabilities recomputed as TRL would."""

    def _sample_and_score(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self.forwards = 0
        batch = super()._sample_and_score(inputs)
        self.seen = (batch, self.forwards, self.recomputed(batch))
        return batch

    def _packed(self, *args: Any) -> Any:
        self.forwards += 1
        return super()._packed(*args)

    @torch.no_grad()
    def recomputed(self, batch: dict[str, Any]) -> torch.Tensor:
        assert self._sampled is None
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
        width = batch["completion_ids"].shape[1]
        logps, _, _ = self._get_per_token_logps_and_entropies(self.model, ids, mask, width)
        return logps


def adapted() -> Any:
    torch.manual_seed(1)
    model = get_peft_model(llama(), LoraConfig(r=4, target_modules="all-linear"))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05)
    return model


def watched(
    folder: Path, model: Any, sampling: str = "float32", rollout_func: Any = None, **settings: Any
) -> Watched:
    extra = {"fast": FastOptions(sampling=sampling), "rollout_func": rollout_func}
    built = trainer(Watched, folder, model=model, extra=extra, temperature=1.3, **settings)
    built.train()
    return built


@pytest.mark.parametrize("make", [llama, adapted], ids=["full weights", "LoRA"])
@pytest.mark.parametrize(
    "settings",
    [{"gradient_accumulation_steps": 1, "steps_per_generation": 2}, {"num_iterations": 2}],
    ids=["two steps a generation", "two iterations"],
)
def test_they_are_those_that_trl_would_recompute(
    tmp_path: Path, make: Any, settings: dict[str, Any]
) -> None:
    batch, forwards, recomputed = watched(tmp_path, make(), **settings).seen
    live = batch["completion_mask"].bool()
    assert (batch["old_per_token_logps"] - recomputed)[live].abs().max() <= 1e-5
    assert forwards == 0


def test_the_reference_policy_is_scored_all_the_same(tmp_path: Path) -> None:
    settings = {"num_iterations": 2, "beta": 0.1, "max_steps": 4}
    batch, forwards, recomputed = watched(tmp_path, adapted(), **settings).seen
    live = batch["completion_mask"].bool()
    assert (batch["old_per_token_logps"] - recomputed)[live].abs().max() <= 1e-5
    assert (batch["ref_per_token_logps"] - recomputed)[live].abs().max() > 1e-3
    assert forwards == 1


def test_nothing_is_handed_over_that_nobody_asks_for(tmp_path: Path) -> None:
    batch, forwards, _ = watched(tmp_path, llama()).seen
    assert batch.get("old_per_token_logps") is None
    assert forwards == 0


@pytest.mark.parametrize(
    ("make", "sampling", "settings"),
    [
        (llama, "bfloat16", {}),
        (lambda: llama().bfloat16(), "float32", {}),
        (llama, "float32", {"generation_kwargs": {"temperature": 0.7}}),
    ],
    ids=["samples in bfloat16", "training in bfloat16", "another temperature"],
)
def test_numbers_that_training_would_not_have_are_computed_again(
    tmp_path: Path, make: Any, sampling: str, settings: dict[str, Any]
) -> None:
    built = watched(tmp_path, make(), sampling, num_iterations=2, **settings)
    batch, forwards, recomputed = built.seen
    assert forwards == 1
    live = batch["completion_mask"].bool()
    torch.testing.assert_close(batch["old_per_token_logps"][live], recomputed[live])


def test_samples_of_a_model_with_dropout_are_scored_with_dropout(tmp_path: Path) -> None:
    dropping = LoraConfig(r=4, target_modules="all-linear", lora_dropout=0.1)
    _, forwards, _ = watched(tmp_path, get_peft_model(llama(), dropping), num_iterations=2).seen
    assert forwards == 1


def two_turns(prompts: list[str], built: Watched) -> dict[str, Any]:
    """Completions of two samples each, as a rollout of several turns joins them."""
    words = tokenizer()
    contexts = [words(prompt)["input_ids"] for prompt in prompts]
    first, _ = built._generate_single_turn(contexts, None, {}, 1)
    longer = [context + turn for context, turn in zip(contexts, first, strict=True)]
    second, _ = built._generate_single_turn(longer, None, {}, 1)
    joined = [one + two for one, two in zip(first, second, strict=True)]
    return {"prompt_ids": contexts, "completion_ids": joined, "logprobs": None}


def test_several_turns_are_scored_as_a_whole(tmp_path: Path) -> None:
    built = watched(tmp_path, llama(), num_iterations=2, rollout_func=two_turns)
    batch, forwards, recomputed = built.seen
    assert forwards == 1
    live = batch["completion_mask"].bool()
    torch.testing.assert_close(batch["old_per_token_logps"][live], recomputed[live])
