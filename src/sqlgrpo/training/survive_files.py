"""Checkpoints that are whole or not there, and how to tell.

A checkpoint is written under a hidden name, sealed with the size and checksum of every file, and
renamed. A kill leaves a hidden folder that nobody reads; a file damaged later does not match its
seal, and the checkpoint before is used.
"""

from __future__ import annotations

import errno
import json
import logging
import shutil
import zlib
from pathlib import Path

from sqlgrpo.files import write_atomically
from sqlgrpo.models import is_checkpoint

log = logging.getLogger(__name__)

SEAL = "seal.json"
STATE = "trainer_state.json"
BLOCK_BYTES = 1 << 22
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_SPACE_TEXTS = ("No space left", "quota exceeded", "File too large", "inline_container.cc")
"""How PyTorch and safetensors report it, which lose the number on the way."""


def seal(folder: Path) -> None:
    """Write down the size and checksum of every file."""
    write_atomically(folder / SEAL, json.dumps(_contents(folder), indent=1) + "\n")


def fault(folder: Path) -> str:
    """What is wrong with a checkpoint; empty when it can be resumed from."""
    if not is_checkpoint(folder):
        return "it holds no weights"
    if not (folder / STATE).is_file():
        return f"it holds no {STATE}"
    if not (folder / SEAL).is_file():  # written by a plain Trainer
        return ""
    try:
        sealed = json.loads((folder / SEAL).read_text())
    except ValueError:
        return f"its {SEAL} is torn"
    found = _contents(folder)
    changed = sorted(name for name in sealed if found.get(name) != sealed[name])
    return f"{', '.join(changed[:3])} changed after it was saved" if changed else ""


def numbered(root: Path) -> list[Path]:
    """``checkpoint-<step>`` folders, oldest first; ``checkpoint-best`` is none of them."""
    found = [path for path in root.glob("checkpoint-*") if path.name[11:].isdigit()]
    return sorted(found, key=step_of)


def step_of(folder: Path) -> int:
    """The optimizer step after which a checkpoint was saved."""
    return int(folder.name.rpartition("-")[2])


def newest_whole(root: Path) -> Path | None:
    """The checkpoint to resume from; damaged ones are named and skipped."""
    for folder in reversed(numbered(root)):
        problem = fault(folder)
        if not problem:
            return folder
        log.warning("skipping %s: %s", folder, problem)
    return None


def prune(root: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints, and what earlier kills left behind."""
    for folder in numbered(root)[: -max(1, keep)]:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in root.glob(".checkpoint-*-old"):
        shutil.rmtree(folder, ignore_errors=True)


def is_disk_full(error: BaseException) -> bool:
    """Did writing fail because there is no more room?"""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return True
    return any(text in str(error) for text in NO_SPACE_TEXTS)


def _contents(folder: Path) -> dict[str, list[int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SEAL)
    return {str(path.relative_to(folder)): [path.stat().st_size, _crc(path)] for path in files}


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            value = zlib.crc32(block, value)
    return value
