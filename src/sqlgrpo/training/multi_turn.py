"""Conversations for GRPO, as exact tokens: TRL's ``rollout_func``.

What was sampled is never tokenized again. A conversation is one row of tokens: the prompt, the
first answer, the environment's reply in the tokenizer's own template, the next answer, ... The
mask says which of them the policy wrote; only those carry a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from sqlgrpo.environments import MultiTurnEnv
from sqlgrpo.errors import ConfigError
from sqlgrpo.models.prompts import ANSWER_CUE, BASE_STOPS, plain_text, prompt_ids
from sqlgrpo.types import Example, Message

Prompt = str | list[Message]


@dataclass(slots=True, kw_only=True)
class Row:
    """One conversation as it grows."""

    example: Example
    prompt: list[int]
    tokens: list[int] = field(default_factory=list)
    """Everything after the prompt."""
    sampled: list[int] = field(default_factory=list)
    """For each of those tokens 1 if the policy wrote it, 0 if the environment did."""
    logps: list[float] = field(default_factory=list)
    turns: list[Message] = field(default_factory=list)

    def add(self, tokens: Sequence[int], logps: Sequence[float] | None, *, sampled: bool) -> None:
        """Append tokens of one speaker."""
        self.tokens += tokens
        self.sampled += [int(sampled)] * len(tokens)
        self.logps += logps if logps is not None else [0.0] * len(tokens)


class TurnRollout:
    """One batch of conversations per call; each turn is one batch of those that go on."""

    def __init__(
        self,
        environment: MultiTurnEnv,
        examples: Sequence[Example],
        tokenizer: Any,
        *,
        chat: bool,
        max_new_tokens: int,
    ) -> None:
        self.environment = environment
        self.tokenizer = tokenizer
        self.chat = chat
        self.max_new_tokens = max_new_tokens
        self._examples = {_key(self._prompt(example)): example for example in reversed(examples)}
        self._reply_ids({"role": "user", "content": "Error"})  # a template that cannot do it

    def __call__(self, prompts: Sequence[Prompt], trainer: Any) -> dict[str, Any]:
        """What TRL asks of a ``rollout_func``; ``turns`` goes to the reward functions."""
        rows = [self._open(prompt) for prompt in prompts]
        going_on, group = rows, _group_size(trainer)
        has_logps = True
        while _anywhere(going_on, trainer):
            speaking = going_on or rows[:1]  # every process takes part in every generation
            contexts = [row.prompt + row.tokens for row in speaking]
            sampled, logps = trainer._generate_single_turn(contexts, None, {}, group)
            has_logps = has_logps and logps is not None
            for number, row in enumerate(going_on):
                self._say(row, sampled[number], logps[number] if logps is not None else None)
            going_on, group = self._hear(going_on, trainer), 1
        return {
            "prompt_ids": [row.prompt for row in rows],
            "completion_ids": [row.tokens for row in rows],
            "logprobs": [row.logps for row in rows] if has_logps else None,
            "env_mask": [row.sampled for row in rows],
            "turns": [row.turns for row in rows],
        }

    def _prompt(self, example: Example) -> Prompt:
        messages = self.environment.messages(example)
        return messages if self.chat else plain_text(messages)

    def _open(self, prompt: Prompt) -> Row:
        """A conversation about the example with this prompt; feedback depends on nothing else."""
        example = self._examples[_key(prompt)]
        ids = prompt_ids(self.tokenizer, self.environment.messages(example), chat=self.chat)
        return Row(example=example, prompt=ids)

    def _say(self, row: Row, tokens: Sequence[int], logps: Sequence[float] | None) -> None:
        row.add(tokens, logps, sampled=True)
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        row.turns.append({"role": "assistant", "content": text})

    def _hear(self, rows: Sequence[Row], trainer: Any) -> list[Row]:
        """Add the environment's replies; the rows whose turn it is again."""
        responses = self.environment.env_response_batch(
            [row.turns for row in rows], [row.example for row in rows]
        )
        going_on = []
        for row, response in zip(rows, responses, strict=True):
            if response is None:
                continue
            reply = self._closing(row, trainer) + self._reply_ids(response, row)
            length = len(row.prompt) + len(row.tokens) + len(reply) + self.max_new_tokens
            if length > _context(trainer):
                continue
            row.add(reply, None, sampled=False)
            row.turns.append(response)
            going_on.append(row)
        return going_on

    def _closing(self, row: Row, trainer: Any) -> list[int]:
        """The end of a turn that was cut off by its length; the policy did not write it."""
        ended = not self.chat or row.tokens[-1] in trainer.eos_token_ids
        return [] if ended else [self.tokenizer.eos_token_id]

    def _reply_ids(self, message: Message, row: Row | None = None) -> list[int]:
        """A user turn and the start of the next answer, as they follow an answer."""
        if self.chat:
            return suffix_ids(self.tokenizer, message)
        text = row.turns[-1]["content"] if row else ""
        gap = "" if text.endswith(BASE_STOPS) else "\n\n"
        ids: list[int] = self.tokenizer(
            gap + message["content"] + ANSWER_CUE, add_special_tokens=False
        )["input_ids"]
        return ids


def suffix_ids(tokenizer: Any, message: Message) -> list[int]:
    """The tokens that a message adds to a conversation whose last answer has ended.

    Raises ``ConfigError`` when the chat template rewrites what came before.
    """
    earlier = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    head = tokenizer.apply_chat_template(earlier, tokenize=True, return_dict=False)
    if tokenizer.eos_token_id in head:
        head = head[: len(head) - head[::-1].index(tokenizer.eos_token_id)]
    whole: list[int] = tokenizer.apply_chat_template(
        [*earlier, message], add_generation_prompt=True, tokenize=True, return_dict=False
    )
    if whole[: len(head)] != head:
        raise ConfigError(
            "environment=multi_turn: the chat template changes earlier turns when one is added, "
            "so a conversation is not one row of tokens; use environment=single_turn"
        )
    return whole[len(head) :]


def _key(prompt: Prompt) -> str | tuple[tuple[str, str], ...]:
    if isinstance(prompt, str):
        return prompt
    return tuple((message["role"], message["content"]) for message in prompt)


def _group_size(trainer: Any) -> int:
    size: int = trainer.num_generations if trainer.model.training else trainer.num_generations_eval
    return size


def _anywhere(rows: Sequence[Row], trainer: Any) -> bool:
    """Does a conversation go on in any process?"""
    if trainer.accelerator.num_processes == 1:
        return bool(rows)
    count = torch.tensor([len(rows)], device=trainer.accelerator.device)
    return int(trainer.accelerator.gather(count).max()) > 0


def _context(trainer: Any) -> int:
    """Most tokens that the model can read."""
    config = trainer.accelerator.unwrap_model(trainer.model).config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or 1 << 30)
