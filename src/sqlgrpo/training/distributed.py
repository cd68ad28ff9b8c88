"""One process or many: who am I, what do we share, and DeepSpeed's settings.

Every process runs the same flow. What is decided once (the audit, a figure, when to stop) is
decided by the main process and sent to the others; completions of an evaluation are divided.
Without torchrun's variables all of this is one process and costs nothing.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from torch import distributed
from transformers import Trainer
from transformers.integrations.deepspeed import unset_hf_deepspeed_config
from trl.models import unwrap_model_for_generation

from sqlgrpo.config import Config, TrainingConfig
from sqlgrpo.errors import SqlgrpoError
from sqlgrpo.evaluation.policies import Advance, Policy
from sqlgrpo.models import save
from sqlgrpo.types import Completion, Example

T = TypeVar("T")

PATIENCE = timedelta(hours=2)
"""How long processes wait for the main one, which audits and scores alone."""
LAST_WORD_S = 60.0
"""How long the others leave the main process to say why all of them end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """This process among all, from torchrun's environment."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0


def world() -> World:
    """Who this process is."""
    read = os.environ.get
    return World(
        rank=int(read("RANK", "0")),
        size=int(read("WORLD_SIZE", "1")),
        local_rank=int(read("LOCAL_RANK", "0")),
        local_size=int(read("LOCAL_WORLD_SIZE", "1")),
    )


def join() -> World:
    """Meet the other processes, over NCCL with GPUs and gloo without."""
    here = world()
    if here.size > 1:
        cpu = not torch.cuda.is_available()
        PartialState(cpu=cpu, timeout=PATIENCE)
    return here


def on_main(compute: Callable[[], T]) -> T:
    """What the main process computes, or the ``SqlgrpoError`` that it meets, on every process."""
    here = world()
    if here.size == 1:
        return compute()
    box: list[Any] = [_computed(compute) if here.is_main else None]
    distributed.broadcast_object_list(box, src=0)
    if isinstance(box[0], SqlgrpoError):
        if not here.is_main:
            time.sleep(LAST_WORD_S)  # torchrun ends all others as soon as one has gone
        raise box[0]
    result: T = box[0]
    return result


def _computed(compute: Callable[[], T]) -> T | SqlgrpoError:
    try:
        return compute()
    except SqlgrpoError as error:
        return error


def barrier() -> None:
    """Wait for all processes."""
    if world().size > 1:
        distributed.barrier()


def largest(value: int) -> int:
    """The largest value of all processes."""
    return max(gathered(value))


def gathered(value: T) -> list[T]:
    """The values of all processes, by rank."""
    return [value] if world().size == 1 else _gather(value)


def divided(policy: Policy) -> Policy:
    """A policy that answers a share of the examples on each process and returns all answers."""
    here = world()
    if here.size == 1:
        return policy

    def answer(examples: Sequence[Example], advance: Advance) -> list[Completion]:
        mine = list(examples[here.rank :: here.size])
        own = list(policy(mine, lambda count: advance(count * here.size)))
        completions: list[Completion] = [""] * len(examples)
        for rank, part in enumerate(_gather(own)):
            completions[rank :: here.size] = part
        return completions

    return answer


def whole(trainer: Trainer) -> AbstractContextManager[Any]:
    """The trainer's model without its distributed wrapping, all weights on every process."""
    context: AbstractContextManager[Any] = unwrap_model_for_generation(
        trainer.model_wrapped, trainer.accelerator
    )
    return context


def keep(trainer: Trainer, folder: Path) -> None:
    """Save the trainer's adapter, or all weights, on the main process."""
    with whole(trainer) as model:
        if world().is_main:
            save(model, folder)
    barrier()


def share_cores(config: Config) -> Config:
    """The config with this process's share of the verification workers."""
    suite = config.verifier.suite
    here = world()
    if here.local_size == 1 or suite.workers:
        return config
    workers = max(1, (os.cpu_count() or 1) // here.local_size)
    verifier = replace(config.verifier, suite=replace(suite, workers=workers))
    return replace(config, verifier=verifier)


def deepspeed(training: TrainingConfig) -> dict[str, Any] | None:
    """DeepSpeed's config, or ``None`` when it is not used; ``auto`` is filled in by transformers.

    The optimizer is PyTorch's own, except with ``offload``: DeepSpeed's CPU Adam then keeps moments
    and float32 weights in host memory.
    """
    if training.accelerator != "deepspeed":
        return None
    if "WORLD_SIZE" in os.environ and not torch.cuda.is_available():
        _leave_out_shared_memory_op()
    zero: dict[str, Any] = {
        "stage": training.zero_stage,
        "contiguous_gradients": True,
        "overlap_comm": True,
    }
    if training.zero_stage == 3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    config: dict[str, Any] = {
        "zero_optimization": zero,
        "bf16": {"enabled": "auto"},
        "gradient_clipping": "auto",
        "gradient_accumulation_steps": "auto",
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "zero_allow_untested_optimizer": True,
        "steps_per_print": 2**31,
    }
    if training.offload:
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
        config["optimizer"] = {"type": "AdamW", "params": {"lr": "auto", "weight_decay": "auto"}}
    return config


def leave_deepspeed() -> None:
    """Forget the trainer and DeepSpeed, so that the next model is loaded whole."""
    unset_hf_deepspeed_config()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _leave_out_shared_memory_op() -> None:
    """DeepSpeed would compile an operation that only its inference uses, behind a lock file that a
    killed process leaves for ever."""
    import deepspeed.ops

    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False


def _gather(value: T) -> list[T]:
    values: list[Any] = [None] * world().size
    distributed.all_gather_object(values, value)
    return values
