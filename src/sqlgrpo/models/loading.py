"""Load a base model and its tokenizer, quantized or not, with or without an adapter."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from sqlgrpo.config import ModelConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.models.checkpoint import check_checkpoint, is_adapter
from sqlgrpo.models.sources import resolve

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def require_device(config: ModelConfig) -> torch.device:
    """The device to run on; ``ConfigError`` when the model needs a GPU and there is none."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if config.needs_gpu:
        raise ConfigError(
            f"{config.name} needs a CUDA GPU (24 GB or more with QLoRA) and this machine has none. "
            "Run on CPU with: python scripts/train.py experiment=quickstart"
        )
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # DeepSpeed would guess, with a warning
    return torch.device("cpu")


def load_tokenizer(config: ModelConfig) -> PreTrainedTokenizerBase:
    """The tokenizer, padding on the left, with a pad token that is not left to chance."""
    tokenizer = _from_pretrained(AutoTokenizer, config, padding_side="left")
    if config.pad_token is not None:
        if config.pad_token not in tokenizer.get_vocab():
            raise ConfigError(f"model.pad_token {config.pad_token!r} is not in the tokenizer")
        tokenizer.pad_token = config.pad_token
    elif tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if config.chat and tokenizer.chat_template is None:
        raise ConfigError(f"{config.name} has no chat template; set model.chat=false")
    return tokenizer


def quantization(config: ModelConfig) -> BitsAndBytesConfig | None:
    """NF4 with double quantization (Dettmers et al., 2023), computing in bfloat16 on a GPU."""
    if not config.load_in_4bit:
        return None
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=_dtype(config),
    )


def load_model(config: ModelConfig) -> PreTrainedModel:
    """The base model on its device, without an adapter."""
    device = require_device(config)
    return _from_pretrained(
        AutoModelForCausalLM,
        config,
        dtype=_dtype(config),
        attn_implementation=config.attn_implementation,
        quantization_config=quantization(config),
        device_map={"": device},
    )


def load_checkpoint(
    config: ModelConfig, folder: Path, *, trainable: bool = False
) -> PreTrainedModel | PeftModel:
    """A trained model: the base with the adapter on top, or all weights from the folder.

    Raises ``ConfigError`` when the folder holds neither. Base weights are never changed.
    """
    check_checkpoint(folder)
    if not is_adapter(folder):
        return load_model(replace(config, name=str(folder.resolve())))
    return PeftModel.from_pretrained(load_model(config), folder, is_trainable=trainable)


def _dtype(config: ModelConfig) -> torch.dtype:
    if config.dtype not in DTYPES:
        raise ConfigError(f"model.dtype {config.dtype!r} is not one of {', '.join(DTYPES)}")
    return DTYPES[config.dtype]


def _from_pretrained(loader: Any, config: ModelConfig, **options: Any) -> Any:
    """``from_pretrained`` with the one error a user can cause turned into one clear line."""
    disable_progress_bar()
    try:
        return loader.from_pretrained(resolve(config.name), **options)
    except OSError as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f"cannot load model {config.name!r}: {first}") from None
