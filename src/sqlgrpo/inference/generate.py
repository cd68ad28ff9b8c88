"""Greedy and sampled completions for many prompts, in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from sqlgrpo.models.prompts import eos_ids, prompt_ids, stop_strings
from sqlgrpo.types import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How completions are drawn."""

    max_new_tokens: int = 128
    batch_size: int = 32
    temperature: float = 0.0
    """0 is greedy."""
    autocast: bool = False
    """bfloat16 matrix products."""


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    conversations: Sequence[Sequence[Message]],
    decoding: Decoding,
    *,
    chat: bool = True,
    advance: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """One completion per conversation, in order; ``advance`` hears how many were finished."""
    prompts = [prompt_ids(tokenizer, messages, chat=chat) for messages in conversations]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    completions = [""] * len(prompts)
    was_training = model.training
    model.eval()
    for start in range(0, len(order), decoding.batch_size):
        rows = order[start : start + decoding.batch_size]
        texts = _batch(model, tokenizer, [prompts[row] for row in rows], decoding, chat)
        for row, text in zip(rows, texts, strict=True):
            completions[row] = text
        advance(len(rows))
    model.train(was_training)
    return completions


def _batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    decoding: Decoding,
    chat: bool,
) -> list[str]:
    batch = tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(model.device)
    sampling = (
        {"do_sample": True, "temperature": decoding.temperature, "top_p": 1.0, "top_k": 0}
        if decoding.temperature > 0
        else {"do_sample": False}
    )
    with torch.no_grad(), _precision(model, decoding):
        output = model.generate(
            **batch,
            **sampling,
            max_new_tokens=decoding.max_new_tokens,
            eos_token_id=eos_ids(model, tokenizer),
            pad_token_id=tokenizer.pad_token_id,
            stop_strings=stop_strings(chat=chat),
            tokenizer=tokenizer,
        )
    answers = output[:, batch["input_ids"].shape[1] :]
    return list(tokenizer.batch_decode(answers, skip_special_tokens=True))


def _precision(model: PreTrainedModel, decoding: Decoding) -> AbstractContextManager[object]:
    if decoding.autocast:
        return torch.autocast(model.device.type, dtype=torch.bfloat16)
    return nullcontext()
