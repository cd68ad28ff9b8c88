"""Where arithmetic in bfloat16 pays."""

from __future__ import annotations

import torch

from sqlgrpo.errors import ConfigError

AUTOCAST = ("auto", "bfloat16", None)


def computes_in_bfloat16(device: torch.device) -> bool:
    """Has the device bfloat16 arithmetic? A CPU without it takes several times as long as in
    float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return False


def autocasts(choice: str | None) -> bool:
    """Do forward and backward passes run in bfloat16, under this ``training.autocast``?

    Raises ``ConfigError`` for a choice that there is not.
    """
    if choice not in AUTOCAST:
        raise ConfigError(f"training.autocast {choice!r} is not auto, bfloat16 or null")
    if choice == "auto":
        return computes_in_bfloat16(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return choice == "bfloat16"
