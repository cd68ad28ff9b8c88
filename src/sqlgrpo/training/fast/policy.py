"""Greedy answers for an evaluation, through the engine that samples the rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import GenerationConfig

from sqlgrpo.config import EvaluationConfig
from sqlgrpo.environments import Advance, SqlEnv, converse
from sqlgrpo.evaluation.policies import Policy
from sqlgrpo.inference.engine import RolloutEngine
from sqlgrpo.models import attention
from sqlgrpo.models.prompts import eos_ids, prompt_ids, stop_strings
from sqlgrpo.training.fast.forward import reason_not_to_pack
from sqlgrpo.types import Completion, Example, Message


def fast_policy(
    model: Any,
    tokenizer: Any,
    environment: SqlEnv,
    config: EvaluationConfig,
    *,
    chat: bool,
) -> Policy | None:
    """A greedy policy that reads equal prompts once; ``None`` when the model cannot share."""
    base = model.get_base_model() if hasattr(model, "peft_config") else model
    if reason_not_to_pack(base):
        return None
    attention.register(base)
    settings = GenerationConfig(
        max_new_tokens=config.max_new_tokens,
        do_sample=False,
        eos_token_id=eos_ids(model, tokenizer),
        stop_strings=stop_strings(chat=chat),
    )
    engine = RolloutEngine(model, settings, tokenizer, "auto")

    def answer(examples: Sequence[Example], advance: Advance) -> list[Completion]:
        return converse(environment, examples, speak, advance)

    def speak(conversations: Sequence[Sequence[Message]], advance: Advance) -> list[str]:
        prompts = [prompt_ids(tokenizer, messages, chat=chat) for messages in conversations]
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        texts = [""] * len(prompts)
        was_training = model.training
        model.eval()
        for start in range(0, len(order), config.batch_size):
            rows = order[start : start + config.batch_size]
            samples, _ = engine.run(model, [prompts[row] for row in rows], None)
            for row, sample in zip(rows, samples, strict=True):
                texts[row] = tokenizer.decode(sample.tokens, skip_special_tokens=True)
            advance(len(rows))
        model.train(was_training)
        return texts

    return answer
