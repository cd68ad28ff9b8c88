"""From messages to the exact tokens that a model reads, for chat models and base models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from sqlgrpo.types import Message

ANSWER_CUE = "\n\nSQL:\n"
"""Ends a base model's prompt: it has no chat template, and no end of turn.

It ends in a line break because no tokenizer merges that with the word that follows. After a space,
``SELECT`` alone and ``SELECT`` in the text would be different tokens.
"""
BASE_STOPS = ("\n\n",)
"""A base model that has not learnt to stop goes on after a blank line; its answer ends there."""


def plain_text(messages: Sequence[Message]) -> str:
    """The prompt of a base model: the messages, blank lines between, and a cue for each answer."""
    text = ""
    for message in messages:
        text += ANSWER_CUE if message["role"] == "assistant" else "\n\n" * bool(text)
        text += message["content"]
    return text + ANSWER_CUE


def stop_strings(*, chat: bool) -> list[str] | None:
    """Texts that end a completion besides the end-of-turn tokens."""
    return None if chat else list(BASE_STOPS)


def eos_ids(model: Any, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Every token that ends a completion: the tokenizer's, and those the model came with.

    Llama-3.1-Instruct ends a turn with ``<|eot_id|>``, a tool call with ``<|eom_id|>``, and a text
    with ``<|end_of_text|>``.
    """
    own = model.generation_config.eos_token_id
    listed = own if isinstance(own, list) else [] if own is None else [own]
    return list(dict.fromkeys([*listed, tokenizer.eos_token_id]))


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, chat: bool
) -> list[int]:
    """Token ids of the prompt, ending where the completion starts."""
    if chat:
        ids: list[int] = tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, tokenize=True, return_dict=False
        )
        return ids
    text_ids: list[int] = tokenizer(plain_text(messages))["input_ids"]
    return text_ids
