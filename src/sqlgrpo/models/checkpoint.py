"""What a checkpoint folder must hold before anything is loaded from it."""

from __future__ import annotations

import json
from pathlib import Path

from sqlgrpo.errors import ConfigError

WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


def is_adapter(folder: Path) -> bool:
    """Whether the folder holds a PEFT adapter."""
    return (folder / "adapter_config.json").is_file() and any(
        (folder / name).is_file() for name in WEIGHTS
    )


def check_adapter(folder: Path) -> str:
    """The base model that an adapter was trained on; ``ConfigError`` when there is no adapter."""
    if not folder.is_dir():
        raise ConfigError(f"checkpoint {folder}: no such folder")
    if not is_adapter(folder):
        inside = sorted(path.name for path in folder.glob("checkpoint-*") if is_adapter(path))
        hint = f"; did you mean {folder / inside[-1]}?" if inside else ""
        needed = "adapter_config.json and weights"
        raise ConfigError(f"checkpoint {folder}: no adapter ({needed}){hint}")
    try:
        base = json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]
    except (ValueError, KeyError) as error:
        raise ConfigError(f"checkpoint {folder}: adapter_config.json is broken ({error})") from None
    return str(base)
