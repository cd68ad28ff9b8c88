"""Greedy and sampled completions for many prompts: the one way to ask a model, trained or not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerBase

from sqlgrpo.config import EvaluationConfig, TrainingConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.engine import RolloutEngine, check_weights, reason_not_to_share
from sqlgrpo.inference.probe import evaluating, reason_not_to_trust
from sqlgrpo.models.prompts import eos_ids, prompt_ids, stop_strings
from sqlgrpo.models.shadow import base_of
from sqlgrpo.types import Message

log = logging.getLogger(__name__)

Finished = Callable[[int, str], None]
"""Hears the place and the text of every completion as soon as that is finished."""
Hear = Callable[[int, list[int]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How completions are drawn."""

    max_new_tokens: int = 128
    batch_size: int = 32
    """Prompts that are answered together."""
    temperature: float = 0.0
    """0 is greedy."""
    weights: str = "auto"
    """A name in ``sqlgrpo.inference.engine.WEIGHTS``."""

    def __post_init__(self) -> None:
        for name in ("max_new_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} {getattr(self, name)}: set at least 1")
        if self.temperature < 0:
            raise ConfigError(f"temperature {self.temperature}: set 0 (greedy) or more")
        check_weights(self.weights)

    @classmethod
    def greedy(cls, config: EvaluationConfig) -> Decoding:
        """The most likely token each time, as an evaluation asks for."""
        return cls(
            max_new_tokens=config.max_new_tokens,
            batch_size=config.batch_size,
            weights=config.weights,
        )

    @classmethod
    def sampled(cls, training: TrainingConfig) -> Decoding:
        """At GRPO's temperature, and as many together as in one of its steps."""
        return cls(
            max_new_tokens=training.max_completion_tokens,
            batch_size=training.batch_size * training.num_generations,
            temperature=training.temperature,
        )

    def config(self, model: Any, tokenizer: Any, *, chat: bool) -> GenerationConfig:
        """The same in transformers' words; the model's own sampling defaults do not count."""
        sampled = self.temperature > 0
        return GenerationConfig(
            max_new_tokens=self.max_new_tokens,
            do_sample=sampled,
            temperature=self.temperature if sampled else 1.0,
            top_k=0 if sampled else None,
            top_p=1.0 if sampled else None,
            repetition_penalty=1.0,
            eos_token_id=eos_ids(model, tokenizer),
            pad_token_id=tokenizer.pad_token_id,
            stop_strings=stop_strings(chat=chat),
        )


class Generator:
    """Answers from one model, whose weights may change between calls.

    A model that cannot share prefixes answers through transformers' ``generate``, with a notice.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PreTrainedTokenizerBase,
        decoding: Decoding,
        *,
        chat: bool = True,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.decoding = decoding
        self.chat = chat
        self.config = decoding.config(model, tokenizer, chat=chat)
        self.engine = self._make_engine()

    def _make_engine(self) -> RolloutEngine | None:
        reason = reason_not_to_share(self.model, self.config) or reason_not_to_trust(self.model)
        if reason:
            name = type(base_of(self.model)).__name__
            log.warning("%s answers through generate, which is slower: %s", name, reason)
            return None
        return RolloutEngine(self.model, self.config, self.tokenizer, self.decoding.weights)

    def __call__(
        self,
        conversations: Sequence[Sequence[Message]],
        finished: Finished = lambda _index, _text: None,
    ) -> list[str]:
        """One text per conversation, in order; ``ConfigError`` when memory is too small."""
        prompts = [prompt_ids(self.tokenizer, each, chat=self.chat) for each in conversations]
        texts = [""] * len(prompts)

        def hear(row: int, tokens: list[int]) -> None:
            texts[row] = self.tokenizer.decode(tokens, skip_special_tokens=True)
            finished(row, texts[row])

        with evaluating(self.model), torch.no_grad():
            try:
                self._answer(prompts, hear)
            except torch.OutOfMemoryError as error:
                raise ConfigError(
                    f"out of memory with {self.decoding.batch_size} prompts together; set a "
                    "smaller evaluation.batch_size (inference.py: --batch-size)"
                ) from error
        return texts

    def _answer(self, prompts: list[list[int]], hear: Hear) -> None:
        if self.engine is not None:
            self._share(self.engine, prompts, hear)
        else:
            self._pad(prompts, hear)

    def _share(self, engine: RolloutEngine, prompts: list[list[int]], hear: Hear) -> None:
        """Through the engine; prompts with a common start are read together."""
        weights = engine.weights(self.model)
        for rows in self._batches(sorted(range(len(prompts)), key=prompts.__getitem__)):

            def tell(index: int, tokens: list[int], rows: list[int] = rows) -> None:
                hear(rows[index], tokens)

            engine.sample(weights, [prompts[row] for row in rows], tell)

    def _pad(self, prompts: list[list[int]], hear: Hear) -> None:
        """Through ``generate``, in batches of similar length."""
        for rows in self._batches(sorted(range(len(prompts)), key=lambda row: len(prompts[row]))):
            batch = self.tokenizer.pad(
                {"input_ids": [prompts[row] for row in rows]},
                return_tensors="pt",
                padding_side="left",
            ).to(self.model.device)
            output = self.model.generate(
                **batch, generation_config=self.config, tokenizer=self.tokenizer
            )
            for row, tokens in zip(rows, output[:, batch["input_ids"].shape[1] :], strict=True):
                hear(row, tokens.tolist())

    def _batches(self, rows: list[int]) -> Iterator[list[int]]:
        for start in range(0, len(rows), self.decoding.batch_size):
            yield rows[start : start + self.decoding.batch_size]


def generate(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    conversations: Sequence[Sequence[Message]],
    decoding: Decoding,
    *,
    chat: bool = True,
    advance: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """One completion per conversation, in order; ``advance`` hears how many were finished."""
    ask = Generator(model, tokenizer, decoding, chat=chat)
    return ask(conversations, lambda _index, _text: advance(1))
