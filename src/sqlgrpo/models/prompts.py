"""From messages to the exact tokens that a model reads, for chat models and base models."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from sqlgrpo.types import Message

ANSWER_CUE = "\n\nSQL: "
"""Ends a base model's prompt: it has no chat template, and no end of turn."""


def plain_text(messages: Sequence[Message]) -> str:
    """The prompt of a base model: the messages, blank lines between, and a cue for the answer."""
    return "\n\n".join(message["content"] for message in messages) + ANSWER_CUE


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
