"""Teach a causal LM one more kind of call: ``model(forest=...)`` scores packed rows.

The call goes through the model like any other, so DDP, DeepSpeed, PEFT, autocast and gradient
checkpointing see one ordinary forward pass.
"""

from __future__ import annotations

import functools
import logging
import types
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from sqlgrpo.errors import ConfigError
from sqlgrpo.models import attention
from sqlgrpo.training.fast import lowrank
from sqlgrpo.training.fast.attention import PackedAttention
from sqlgrpo.training.fast.flex import FlexPackedAttention
from sqlgrpo.training.fast.forest import NOTHING, Forest, PackedBatch
from sqlgrpo.training.fast.head import Head, score

log = logging.getLogger(__name__)

ATTENTION: dict[str, type[PackedAttention] | type[FlexPackedAttention]] = {
    "sdpa": PackedAttention,
    "flex": FlexPackedAttention,
}
"""What computes the attention of packed rows; the numbers are the same."""

HEAD_SCALES = (
    "final_logit_softcapping",
    "logit_scale",
    "output_multiplier",
    "lm_head_multiplier",
    "logits_scaling",
)


def reason_not_to_pack(model: PreTrainedModel) -> str:
    """Why packed rows would not give this model's own numbers; empty when they do."""
    reason = attention.reason_not_to_branch(model)
    if reason:
        return reason
    config = model.config
    scales = [name for name in HEAD_SCALES if getattr(config, name, None) is not None]
    if scales:
        return f"it rescales its logits ({', '.join(scales)})"
    if getattr(config, "output_router_logits", None) is not None:
        return "it is a mixture of experts"
    return ""


def drops_out(model: nn.Module) -> bool:
    """Do log-probabilities of a training pass differ from those without dropout?"""
    if getattr(model.config, "attention_dropout", 0.0):
        return True
    return any(isinstance(part, nn.Dropout) and part.p > 0 for part in model.modules())


def teach(models: Sequence[PreTrainedModel], head: Head, attend: str) -> bool:
    """Give all models the ``forest=`` call, or, with a warning, none of them."""
    reason = next(filter(None, map(reason_not_to_pack, models)), "")
    if reason:
        log.warning("no shared forward pass for %s: %s", type(models[0]).__name__, reason)
        return False
    for model in models:
        install(model, head, attend)
    return True


def install(model: PreTrainedModel, head: Head, attend: str) -> None:
    """Give ``model`` the ``forest=`` call; every other call goes where it went before.

    ``attend`` is a name in ``ATTENTION``.
    """
    attention.register(model)
    lowrank.install(model)
    before = model.forward

    @functools.wraps(type(model).forward)
    def forward(
        self: PreTrainedModel, *args: Any, forest: Forest | None = None, **options: Any
    ) -> Any:
        if forest is None:
            return before(*args, **options)
        return _score_forest(self, forest, head, attend)

    model.forward = types.MethodType(forward, model)


def _score_forest(
    model: PreTrainedModel, forest: Forest, head: Head, attend: str
) -> tuple[Tensor, Tensor]:
    """Log-probability and entropy of every target, in the order of the forest.

    Several batches mean that they do not fit together: each is then forgotten and computed again
    in the backward pass.
    """
    again = len(forest.batches) > 1 and torch.is_grad_enabled()
    scores = [
        checkpoint(_score_batch, model, batch, head, attend, use_reentrant=False)
        if again
        else _score_batch(model, batch, head, attend)
        for batch in forest.batches
    ]
    for _ in range(forest.idle):
        _score_batch(model, PackedBatch.of([NOTHING], forest.index_BC.device), head, attend)
    return torch.cat([logps for logps, _ in scores]), torch.cat([other for _, other in scores])


def _score_batch(
    model: PreTrainedModel, batch: PackedBatch, head: Head, attend: str
) -> tuple[Tensor, Tensor]:
    packed = ATTENTION[attend](batch)
    hidden_T = model.base_model(
        input_ids=batch.tokens_T[None],
        position_ids=batch.positions_T[None],
        attention_mask=attention.unread_mask(batch.tokens_T.device),
        use_cache=False,
        **{attention.ARGUMENT: packed},
    ).last_hidden_state[0]
    if len(packed.layers) != model.config.num_hidden_layers:
        raise ConfigError(
            f"only {len(packed.layers)} of {model.config.num_hidden_layers} layers of "
            f"{type(model).__name__} use the shared attention; set training.fast=false"
        )
    return score(hidden_T[batch.parents_N], model.get_output_embeddings(), batch.targets_N, head)
