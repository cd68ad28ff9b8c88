"""Shared rollouts for a trainer: which weights to sample from, and when not to share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerBase

from sqlgrpo.inference.rollout import Finished, Limits, Rollout, Sample
from sqlgrpo.inference.sampling import Sampler, unsupported
from sqlgrpo.models.shadow import Shadow, reason_not_to_copy

log = logging.getLogger(__name__)


class RolloutEngine:
    """Samples completions from the live model, or from a merged copy of it."""

    def __init__(
        self,
        model: Any,
        config: GenerationConfig,
        tokenizer: PreTrainedTokenizerBase,
        sampling: str,
    ) -> None:
        self.sampler = Sampler.of(config)
        eos = config.eos_token_id
        self.limits = Limits(
            max_new_tokens=config.max_new_tokens,
            eos=frozenset(eos if isinstance(eos, list) else [eos]),
            stops=stop_check(tokenizer, config.stop_strings),
        )
        self.dtype = copy_dtype(model, sampling)
        self._shadow: Shadow | None = None

    def run(
        self, model: Any, prompts: Sequence[Sequence[int]], finished: Finished | None
    ) -> tuple[list[Sample], int]:
        """One completion per prompt from the weights that ``model`` has now, and the number of
        tokens that went through the model for it."""
        rollout = Rollout(self._weights(model), self.sampler, self.limits, finished)
        return rollout.run(prompts), rollout.forwarded_tokens

    def _weights(self, model: Any) -> Any:
        if self.dtype is None:
            return model
        if self._shadow is None:
            self._shadow = Shadow(model, self.dtype)
        return self._shadow.refresh(model)


def reason_not_to_share(model: Any, config: GenerationConfig) -> str:
    """Why only ``generate`` can sample as asked; empty when shared rollouts can."""
    settings = unsupported(config, model.generation_config)
    return f"generation settings {', '.join(settings)}" if settings else ""


def copy_dtype(model: Any, sampling: str) -> torch.dtype | None:
    """The precision of the copy to sample from; ``None`` to sample from the live model."""
    if sampling == "model":
        return None
    reason = reason_not_to_copy(model)
    if sampling == "auto":
        return torch.bfloat16 if not reason and _computes_in_bfloat16(model.device) else None
    if reason:
        log.warning("sampling from the live model, not from a %s copy: %s", sampling, reason)
        return None
    return torch.bfloat16 if sampling == "bfloat16" else torch.float32


def _computes_in_bfloat16(device: torch.device) -> bool:
    """A CPU with bfloat16 arithmetic; on a GPU memory is dearer than what a copy saves."""
    if device.type != "cpu":
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


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
