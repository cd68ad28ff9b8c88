"""Completions from transformers' continuous batching: ``training.rollouts=continuous``.

The keys and values of a prompt are forked for its G completions, and a finished row makes room for
a waiting one. TRL's own switch would cast the trained weights to bfloat16 for good; here the merged
copy of the local rollouts is sampled from, and the live model only where no copy is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, PreTrainedModel
from trl.models import unwrap_model_for_generation

from sqlgrpo.inference.engine import RolloutEngine
from sqlgrpo.inference.rollout import Limits
from sqlgrpo.models.shadow import base_of
from sqlgrpo.training.rollouts_vllm import group_size
from sqlgrpo.training.survive import SurvivingFastGRPOTrainer

PAGE = 64
"""Tokens whose keys and values are kept together; whole pages are shared."""
MOST_AT_ONCE = 8192
"""Tokens in one forward pass."""


class ContinuousGRPOTrainer(SurvivingFastGRPOTrainer):
    """The fast trainer with completions from ``generate_batch``."""

    _source: RolloutEngine | None = None
    """Where the weights and the end of a completion come from."""

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,
        multimodal_fields: dict[str, Any],
        num_generations: int,
        has_tool_images: bool = False,
    ) -> Any:
        del images, multimodal_fields, num_generations, has_tool_images
        if self._source is None:
            self._source = RolloutEngine(
                self.model, self.generation_config, self._tokenizer, self.fast.sampling
            )
        with (
            self.timer.measure("generate"),
            unwrap_model_for_generation(
                self.model_wrapped,
                self.accelerator,
                gather_deepspeed3_params=self.args.ds3_gather_for_generation,
                gradient_checkpointing_kwargs=self.args.gradient_checkpointing_kwargs,
            ) as model,
        ):
            training = model.training
            weights = base_of(self._source.weights(model))
            given = self.args.transformers_continuous_batching_config
            completions = sample(weights, prompt_ids, self.generation_config, given or {})
            model.train(training)
        return [cut(tokens, self._source.limits) for tokens in completions], None


@torch.no_grad()
def sample(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    config: GenerationConfig,
    batching: Mapping[str, Any],
) -> list[list[int]]:
    """A completion for each prompt, in order; stop strings are left to ``cut``."""
    size = group_size(prompts)
    sizes = room(prompts, config.max_new_tokens) | dict(batching)
    settings = GenerationConfig(**config.to_dict() | {"stop_strings": None})
    settings.num_return_sequences = size
    with _sdpa(model):
        outputs = model.generate_batch(
            [list(prompt) for prompt in prompts[::size]],
            generation_config=settings,
            continuous_batching_config=ContinuousBatchingConfig(**sizes),
            progress_bar=False,
        )
    failed = [output.error for output in outputs.values() if output.error is not None]
    if failed or len(outputs) != len(prompts):
        raise RuntimeError(
            f"continuous batching finished {len(outputs) - len(failed)} of {len(prompts)} "
            f"completions ({failed[0] if failed else 'no reason given'}); "
            "use training.rollouts=local"
        )
    return [output.generated_tokens for output in outputs.values()]


def room(prompts: Sequence[Sequence[int]], max_new_tokens: int) -> dict[str, int]:
    """Space for all completions at once; by default half of the machine's memory is taken.

    >>> room([[1] * 60, [1] * 70], 10)
    {'page_size': 64, 'num_blocks': 6, 'max_batch_tokens': 130}
    """
    pages = [math.ceil((len(prompt) + max_new_tokens) / PAGE) + 1 for prompt in prompts]
    tokens = sum(map(len, prompts))
    return {
        "page_size": PAGE,
        "num_blocks": sum(pages),
        "max_batch_tokens": min(tokens, MOST_AT_ONCE),
    }


def cut(tokens: Sequence[int], limits: Limits) -> list[int]:
    """The tokens up to the first end, which may be a stop string."""
    ends = (end for end in range(1, len(tokens) + 1) if limits.reached(tokens[:end]))
    return list(tokens[: next(ends, len(tokens))])


@contextmanager
def _sdpa(model: PreTrainedModel) -> Iterator[None]:
    """Continuous batching accepts no attention but those that it knows."""
    before = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
