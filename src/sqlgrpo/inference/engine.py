"""Completions for many prompts at once: from which weights, how drawn, where they end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerBase

from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.inference.probe import reason_not_to_trust
from sqlgrpo.inference.rollout import Finished, Limits, Rollout, Sample
from sqlgrpo.inference.sampling import Sampler, resolved, unsupported
from sqlgrpo.models.attention import reason_not_to_branch
from sqlgrpo.models.precision import computes_in_bfloat16
from sqlgrpo.models.shadow import Shadow, base_of, reason_not_to_copy

log = logging.getLogger(__name__)

WEIGHTS = ("auto", "model", "bfloat16", "float32")
"""What completions are computed with: ``model`` is the live model; ``bfloat16`` and ``float32`` a
merged copy of it; ``auto`` on CPUs a copy, in bfloat16 where they compute in it, else in float32 of
a float32 model; elsewhere the live model."""


class RolloutEngine:
    """Draws completions from the live model, or from a merged copy of it."""

    def __init__(
        self,
        model: Any,
        config: GenerationConfig,
        tokenizer: PreTrainedTokenizerBase,
        weights: str,
    ) -> None:
        settings = resolved(config, model)
        self.sampler = Sampler.of(settings)
        eos = settings.eos_token_id
        self.limits = Limits(
            max_new_tokens=settings.max_new_tokens,
            eos=frozenset(eos if isinstance(eos, list) else [eos]),
            stops=stop_check(tokenizer, settings.stop_strings),
        )
        self.dtype = copy_dtype(model, weights)
        self.in_float32 = model.dtype == self.dtype == torch.float32
        """Has the live model the same log-probabilities without autocast, up to rounding?"""
        self._shadow: Shadow | None = None
        self._trusted = False

    def run(
        self, model: Any, prompts: Sequence[Sequence[int]], finished: Finished | None
    ) -> tuple[list[Sample], int]:
        """One completion per prompt from the weights that ``model`` has now, and the number of
        tokens that went through the model for it.

        Raises ``ConfigError`` the first time when the completions would not be the model's own.
        """
        weights = self.weights(model)
        if not self._trusted:
            reason = reason_not_to_trust(weights)
            if reason:
                name = type(base_of(model)).__name__
                raise ConfigError(
                    f"{name} cannot share rollouts: {reason}; set training.fast=false"
                )
            self._trusted = True
        return self.sample(weights, prompts, finished)

    def weights(self, model: Any) -> Any:
        """What to sample from: ``model``, or the copy brought up to date with it."""
        if self.dtype is None:
            return model
        if self._shadow is None:
            self._shadow = Shadow(model, self.dtype)
        return self._shadow.refresh(model)

    def sample(
        self, weights: Any, prompts: Sequence[Sequence[int]], finished: Finished | None
    ) -> tuple[list[Sample], int]:
        """As ``run``, from what ``weights`` returned."""
        rollout = Rollout(weights, self.sampler, self.limits, finished)
        return rollout.run(prompts), rollout.forwarded_tokens


def reason_not_to_share(model: Any, config: GenerationConfig) -> str:
    """Why only ``generate`` can sample as asked; empty when shared rollouts can."""
    reason = reason_not_to_branch(base_of(model))
    if reason:
        return reason
    settings = unsupported(resolved(config, model))
    return f"generation settings {', '.join(settings)}" if settings else ""


def copy_dtype(model: Any, weights: str) -> torch.dtype | None:
    """The precision of the copy to sample from; ``None`` to sample from the live model."""
    check_weights(weights)
    if weights == "model":
        return None
    reason = reason_not_to_copy(model)
    if weights == "auto":
        return None if reason else _worth_copying_to(model)
    if reason:
        log.warning("sampling from the live model, not from a %s copy: %s", weights, reason)
        return None
    return torch.bfloat16 if weights == "bfloat16" else torch.float32


def check_weights(name: str) -> None:
    """Raise ``ConfigError`` unless the name is one of ``WEIGHTS``."""
    if name not in WEIGHTS:
        raise unknown("choice of weights", name, WEIGHTS)


def _worth_copying_to(model: Any) -> torch.dtype | None:
    """The precision of a copy that is faster than the live model; ``None`` if none is: on a GPU
    memory is dearer than what a copy saves."""
    if model.device.type != "cpu":
        return None
    if not computes_in_bfloat16(model.device):
        return torch.float32 if model.dtype == torch.float32 else None
    merged = model.dtype == torch.bfloat16 and not hasattr(model, "peft_config")
    return None if merged else torch.bfloat16


def stop_check(
    tokenizer: PreTrainedTokenizerBase, stops: str | Sequence[str] | None
) -> Callable[[Sequence[int]], bool] | None:
    """Does the text of a completion contain one of the stop strings?"""
    if not stops:
        return None
    strings = [stops] if isinstance(stops, str) else list(stops)

    def check(tokens: Sequence[int]) -> bool:
        text = tokenizer.decode(tokens, skip_special_tokens=True)
        return any(string in text for string in strings)

    return check
