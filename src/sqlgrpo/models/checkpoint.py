"""Checkpoint folders: what they must hold, and how they are written whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from sqlgrpo.errors import ConfigError
from sqlgrpo.files import swap_in

ADAPTER = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
MODEL_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def is_adapter(folder: Path) -> bool:
    """Whether the folder holds a PEFT adapter."""
    return (folder / ADAPTER).is_file() and _any(folder, ADAPTER_WEIGHTS)


def is_checkpoint(folder: Path) -> bool:
    """Whether the folder holds an adapter, or all weights of a model."""
    return is_adapter(folder) or (
        (folder / "config.json").is_file() and _any(folder, MODEL_WEIGHTS)
    )


def weight_files(folder: Path) -> list[Path]:
    """The files of a checkpoint that hold its weights."""
    return [*sorted(folder.glob("*.safetensors")), *sorted(folder.glob("*.bin"))]


def check_checkpoint(folder: Path) -> None:
    """Raise ``ConfigError`` unless the folder holds an adapter or a model."""
    if not folder.is_dir():
        raise ConfigError(f"checkpoint {folder}: no such folder")
    if not is_checkpoint(folder):
        inside = sorted(path.name for path in folder.glob("checkpoint-*") if is_checkpoint(path))
        hint = f"; did you mean {folder / inside[-1]}?" if inside else ""
        raise ConfigError(f"checkpoint {folder}: neither an adapter ({ADAPTER}) nor a model{hint}")
    if is_adapter(folder):
        try:
            json.loads((folder / ADAPTER).read_text())["base_model_name_or_path"]
        except (ValueError, KeyError) as error:
            raise ConfigError(f"checkpoint {folder}: {ADAPTER} is broken ({error})") from None


def save(model: Any, folder: Path) -> None:
    """Write the adapter, or all weights, beside ``folder`` and rename: never half a checkpoint."""
    partial = folder.with_name(f".{folder.name}-partial")
    shutil.rmtree(partial, ignore_errors=True)
    if hasattr(model, "peft_config"):
        model.save_pretrained(partial, selected_adapters=["default"])
    else:
        model.save_pretrained(partial)
    swap_in(partial, folder)


def _any(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in names)
