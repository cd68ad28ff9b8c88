"""Draw next tokens exactly as a generation config asks for."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig
from transformers.generation import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

HANDLED = {
    "max_new_tokens",
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "eos_token_id",
    "bos_token_id",
    "pad_token_id",
    "stop_strings",
    "disable_compile",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "output_logits",
    "return_dict_in_generate",
    "transformers_version",
    "_from_model_config",
}
"""Fields of ``GenerationConfig`` that shared rollouts obey, or that cannot change the samples."""
NEUTRAL = {"repetition_penalty": 1.0, "num_beams": 1, "num_return_sequences": 1, "use_cache": True}


def resolved(config: GenerationConfig, model: Any) -> GenerationConfig:
    """The settings with the model's own ones where they are left open, as ``generate`` has it."""
    settings = copy.deepcopy(config)
    settings.update(**model.generation_config.to_dict(), defaults_only=True)
    return settings


def unsupported(config: GenerationConfig) -> list[str]:
    """Settings that would change the samples and that only ``generate`` knows about."""
    return sorted(
        name
        for name, value in config.to_diff_dict().items()
        if name not in HANDLED and value is not None and NEUTRAL.get(name, ...) != value
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """Next tokens for rows that stand for several samples each."""

    temperature: float
    filters: LogitsProcessorList
    greedy: bool

    @classmethod
    def of(cls, config: GenerationConfig) -> Sampler:
        """The sampler that a generation config describes (temperature, then the filters)."""
        filters = LogitsProcessorList()
        if config.top_k:
            filters.append(TopKLogitsWarper(top_k=config.top_k))
        if config.top_p is not None and config.top_p < 1.0:
            filters.append(TopPLogitsWarper(top_p=config.top_p))
        if config.min_p:
            filters.append(MinPLogitsWarper(min_p=config.min_p))
        return cls(
            temperature=config.temperature if config.temperature is not None else 1.0,
            filters=filters,
            greedy=not config.do_sample,
        )

    def draw(self, logits_RV: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        """``samples`` independent tokens for each row, (R, M), and their log-probabilities.

        Log-probabilities are at the temperature but before the filters, as in training.
        """
        scores_RV = logits_RV.float() / self.temperature
        logps_RV = scores_RV.log_softmax(dim=-1)
        if self.greedy:
            tokens_RM = logps_RV.argmax(dim=-1, keepdim=True).expand(-1, samples)
            return tokens_RM, logps_RV.gather(-1, tokens_RM)
        if self.filters:
            no_ids = torch.empty(len(scores_RV), 0, dtype=torch.long, device=scores_RV.device)
            p_RV = self.filters(no_ids, scores_RV).softmax(dim=-1)
        else:
            p_RV = logps_RV.exp()
        tokens_RM = _invert(p_RV, samples)
        return tokens_RM, logps_RV.gather(-1, tokens_RM)


def _invert(p_RV: Tensor, samples: int) -> Tensor:
    """Sample by inverting the distribution function: one random number a sample, not V."""
    total_RV = p_RV.double().cumsum(dim=-1)
    draws_RM = torch.rand(len(p_RV), samples, dtype=torch.float64, device=p_RV.device)
    tokens_RM = torch.searchsorted(total_RV, draws_RM * total_RV[:, -1:], right=True)
    return tokens_RM.clamp_(max=p_RV.shape[1] - 1)
