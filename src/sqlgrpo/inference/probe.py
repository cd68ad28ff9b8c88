"""Does the engine give a model's own numbers? Found out by trying, for any architecture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig

from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.rollout import Limits, Rollout
from sqlgrpo.inference.sampling import Sampler
from sqlgrpo.models import attention
from sqlgrpo.models.shadow import base_of

PROMPTS = ((5, 6, 7, 8, 9, 10, 11, 12), (5, 6, 7, 8, 20, 21))
"""Short, with a common start, and in every vocabulary."""
NEW_TOKENS = 4


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """No dropout for as long as it lasts."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def reason_not_to_trust(model: Any) -> str:
    """Why the engine's answers would not be those of ``model``; empty when they are.

    A few tokens are drawn, and their log-probabilities compared with a plain forward pass.
    """
    with torch.no_grad(), evaluating(model):
        return _try(model)


def _try(model: Any) -> str:
    rollout = Rollout(
        model,
        Sampler.of(GenerationConfig(do_sample=False)),
        Limits(max_new_tokens=NEW_TOKENS, eos=frozenset()),
    )
    try:
        attention.register(base_of(model))
        samples = rollout.run(PROMPTS)
    except ConfigError:
        return "not all of its layers use transformers' attention interface"
    # In mixed precision, which Accelerate wraps around the forward pass, both sides are rounded.
    rounded = model.dtype != torch.float32 or hasattr(model, "_original_forward")
    tolerance = 0.25 if rounded else 0.01
    for prompt, sample in zip(PROMPTS, samples, strict=True):
        ids = torch.tensor([[*prompt, *sample.tokens]], device=model.device)
        logits = model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1]
        expected = logits.float().log_softmax(dim=-1).gather(1, ids[0, len(prompt) :, None])[:, 0]
        error_nats = (expected.cpu() - torch.tensor(sample.logps)).abs().max().item()
        if error_nats > tolerance:
            return f"its log-probabilities would be off by {error_nats:.2g}"
    return ""
