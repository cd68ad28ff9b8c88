"""Warm start: a short supervised fine-tuning on golds, with the prompts that GRPO will use.

A small model answers no question at first, and GRPO can only reinforce what is sampled.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from datasets import Dataset
from peft import PeftModel, get_peft_model
from transformers import PrinterCallback, set_seed
from trl import SFTTrainer

from sqlgrpo.config import Config
from sqlgrpo.environments import SqlEnv
from sqlgrpo.models import adapters_to_float32, load_checkpoint, lora, save, unrounded
from sqlgrpo.models.prompts import plain_text
from sqlgrpo.progress import Report
from sqlgrpo.training.arguments import sft_arguments
from sqlgrpo.training.callbacks import Clock, Metrics
from sqlgrpo.training.distributed import barrier, world
from sqlgrpo.training.fast.supervised import FastSFTTrainer, together
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.types import Example

log = logging.getLogger(__name__)


def steps(config: Config, available: int) -> int:
    """Optimizer steps of the warm start."""
    warm = config.training.warm_start
    return max(1, math.ceil(available * warm.epochs / warm.batch_size))


def warm_start(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    environment: SqlEnv,
    config: Config,
    run: RunFolder,
    report: Report,
) -> Any:
    """Train an adapter or all weights on golds, save it in ``warm_start/``, return the model."""
    settings = config.training.warm_start
    chosen = list(examples)
    if config.training.fast:
        schemas = [example.schema for example in chosen]
        chosen = together(chosen, schemas, settings.micro_batch_size, config.seed)
    adapter = None if isinstance(model, PeftModel) else lora(config.model)
    set_seed(config.seed)
    if adapter is not None:
        model = get_peft_model(model, adapter)
    fast = partial(FastSFTTrainer, attention=config.training.packed_attention)
    cls = fast if config.training.fast else SFTTrainer
    with unrounded(model):
        trainer = cls(
            model=model,
            args=sft_arguments(
                config, run, max_steps=steps(config, len(chosen)), world_size=world().size
            ),
            train_dataset=pairs(chosen, environment, tokenizer, chat=config.model.chat),
            processing_class=tokenizer,
            callbacks=[
                Clock(settings.max_minutes),
                Metrics("warm_start", run, report),
            ],
        )
    trainer.remove_callback(PrinterCallback)
    adapters_to_float32(trainer.model)
    if world().is_main:
        run.forget("warm_start", -1)  # what a killed one had noted
    trainer.train()
    if world().is_main:
        save(trainer.model, run.warm_start)
    if world().size == 1 and isinstance(trainer.model, PeftModel):
        return trainer.model
    barrier()
    # The hooks of the warm start's DDP wrapper would stay on this model. Without an adapter, TRL
    # takes the reference policy from where the model was loaded: the warm start, not its base.
    return load_checkpoint(config.model, run.warm_start, trainable=True)


def pairs(
    examples: Sequence[Example], environment: SqlEnv, tokenizer: Any, *, chat: bool
) -> Dataset:
    """Prompt and completion of each example; a base model gets text that ends with EOS."""
    rows = environment.demonstrations(examples)
    if chat:
        return Dataset.from_list([{"prompt": p, "completion": [answer]} for p, answer in rows])
    return Dataset.from_list(
        [
            {"prompt": plain_text(p), "completion": answer["content"] + tokenizer.eos_token}
            for p, answer in rows
        ]
    )
