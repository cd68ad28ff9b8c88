"""A tiny random Llama, a word tokenizer and a trainer of either kind on the same batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

from sqlgrpo.training.fast import FastGRPOTrainer

WORDS = [f"w{i}" for i in range(60)]
EOS, PAD = 1, 0
QUESTIONS = ["w1 w2 w3 w4 w5", "w6 w7", "w8 w9 w10 w11 w12 w13 w14", "w15 w16 w17"]


def tokenizer() -> PreTrainedTokenizerFast:
    """One token per word."""
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<eos>", "<unk>", *WORDS])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def llama(seed: int = 0, *, sharpness: float = 1.0, tied: bool = False) -> LlamaForCausalLM:
    """Float32, two layers, grouped-query attention; ``sharpness`` lowers the entropy."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS) + 3,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=tied,
            bos_token_id=None,
            eos_token_id=EOS,
            pad_token_id=PAD,
        )
    )
    with torch.no_grad():
        model.lm_head.weight.mul_(20 * sharpness)
    return model


def lora_model() -> Any:
    """The same with an adapter that is not zero."""
    torch.manual_seed(0)
    config = LoraConfig(
        r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    return get_peft_model(llama(), config)


def word_count_reward(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """Rewards that differ within a group and depend on nothing but the completion."""
    return [float(sum(ids) % 7) for ids in completion_ids]


def trainer(
    kind: type[GRPOTrainer],
    folder: Path,
    *,
    model: Any = None,
    reward: Any = word_count_reward,
    questions: list[str] = QUESTIONS,
    extra: dict[str, Any] | None = None,
    **settings: Any,
) -> GRPOTrainer:
    """A trainer over ``QUESTIONS`` with G = 4 and 2 prompts in a micro-batch."""
    options: dict[str, Any] = {
        "output_dir": str(folder),
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 2,
        "max_completion_length": 8,
        "max_steps": 2,
        "learning_rate": 1e-3,
        "logging_steps": 1,
        "save_strategy": "no",
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "seed": 3,
        "bf16": False,
        "gradient_checkpointing": False,
    }
    return kind(
        model=model if model is not None else llama(),
        args=GRPOConfig(**options | settings),
        processing_class=tokenizer(),
        reward_funcs=reward,
        train_dataset=Dataset.from_list([{"prompt": question} for question in questions]),
        **extra or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Padded:
    """A micro-batch as TRL hands it to ``_compute_loss``."""

    inputs: dict[str, Any]

    @property
    def ids(self) -> torch.Tensor:
        return torch.cat([self.inputs["prompt_ids"], self.inputs["completion_ids"]], dim=1)

    @property
    def mask(self) -> torch.Tensor:
        return torch.cat([self.inputs["prompt_mask"], self.inputs["completion_mask"]], dim=1)

    @property
    def width(self) -> int:
        return self.inputs["completion_ids"].shape[1]


def padded(groups: list[tuple[list[int], list[list[int]]]], advantages: list[float]) -> Padded:
    """Prompts padded on the left, completions on the right; a completion may be empty."""
    rows = [(prompt, completion) for prompt, group in groups for completion in group]
    p = max(len(prompt) for prompt, _ in rows)
    c = max(len(completion) for _, completion in rows)
    lengths = torch.tensor([[len(prompt), len(completion)] for prompt, completion in rows])
    return Padded(
        inputs={
            "prompt_ids": torch.tensor([[PAD] * (p - len(a)) + a for a, _ in rows]),
            "prompt_mask": (torch.arange(p) >= p - lengths[:, :1]).long(),
            "completion_ids": torch.tensor([b + [PAD] * (c - len(b)) for _, b in rows]),
            "completion_mask": (torch.arange(c) < lengths[:, 1:]).long(),
            "advantages": torch.tensor(advantages),
            "num_items_in_batch": lengths[:, 1].sum(),
        }
    )


def gradients(built: GRPOTrainer, batch: Padded) -> dict[str, torch.Tensor]:
    """Gradient of the loss of one micro-batch, by parameter."""
    built.model.train()
    built.model.zero_grad()
    built.current_gradient_accumulation_steps = 2
    built.compute_loss(built.model, dict(batch.inputs)).backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in built.model.named_parameters()
        if parameter.requires_grad
    }


def pair(
    folder: Path, make: Callable[[], Any] = llama, **settings: Any
) -> tuple[GRPOTrainer, FastGRPOTrainer]:
    """Stock and fast trainers of equal models."""
    return (
        trainer(GRPOTrainer, folder / "stock", model=make(), **settings),
        trainer(FastGRPOTrainer, folder / "fast", model=make(), **settings),
    )
