"""From the command line and ``configs/`` to a typed ``Config``, with errors a person can use."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

from dotenv import load_dotenv
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sqlgrpo.config import Config, EvaluateConfig
from sqlgrpo.errors import ConfigError, unknown

ROOT = Path(__file__).parents[2]
"""The repository: configs, and the files that tests and evaluations share."""
CONFIGS = ROOT / "configs"
T = TypeVar("T", bound=Config)
S = TypeVar("S")


def read_env() -> None:
    """Settings and secrets from ``.env``; what is in the environment already wins."""
    load_dotenv(Path.cwd() / ".env")
    for name in ("CUDA_VISIBLE_DEVICES", "OUTPUT_DIR", "CACHE_DIR"):
        if os.environ.get(name) == "":  # an empty line means unset, not "no GPU"
            del os.environ[name]
    if token := os.environ.get("HUGGINGFACE_TOKEN"):
        os.environ.setdefault("HF_TOKEN", token)


def register() -> None:
    """Tell Hydra the types of our configs, and read ``.env``."""
    read_env()
    store = ConfigStore.instance()
    store.store(name="schema", node=_writable(OmegaConf.structured(Config)))
    store.store(name="evaluate_schema", node=_writable(OmegaConf.structured(EvaluateConfig)))


def read(overrides: Sequence[str], *, name: str = "config", kind: type[T]) -> T:
    """Compose ``configs/<name>.yaml`` with overrides such as ``training.batch_size=16``.

    Raises ``ConfigError`` for an unknown key or group choice (with the nearest known one), a value
    of the wrong type, and a value that is missing.
    """
    register()
    _check_names(overrides, kind)
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
            return typed(compose(name, overrides=list(overrides)), kind)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_one_line(error)) from None


def typed(config: DictConfig, kind: type[T]) -> T:
    """The composed config as our frozen dataclasses."""
    try:
        result = OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        raise ConfigError(_one_line(error)) from None
    assert isinstance(result, kind)
    return result


def from_file(path: Path, section: str, kind: type[S]) -> S:
    """One section of a run's ``config.yaml``, typed."""
    try:
        values = OmegaConf.to_container(OmegaConf.load(path))
        values = values[section] if isinstance(values, dict) else {}
        shape = _writable(OmegaConf.structured(kind))
        return cast(S, OmegaConf.to_object(OmegaConf.merge(shape, values)))
    except (OSError, KeyError, OmegaConfBaseException) as error:
        raise ConfigError(f"{path}: cannot read {section!r}: {_one_line(error)}") from None


def _writable(node: DictConfig) -> DictConfig:
    """Frozen dataclasses make read-only nodes, which Hydra could not merge YAML into."""
    OmegaConf.set_readonly(node, None)
    for key in node:
        child = node._get_node(key)
        if isinstance(child, DictConfig):
            _writable(child)
    return node


def _check_names(overrides: Iterable[str], kind: type[Any]) -> None:
    groups = {path.name for path in CONFIGS.iterdir() if path.is_dir()}
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if override.startswith("-") or key.startswith("hydra"):
            continue
        if key in groups:
            _check_choice(key, value)
        elif not key.startswith("training.trl."):
            _check_key(key, kind)


def _check_choice(group: str, value: str) -> None:
    known = {path.stem for path in (CONFIGS / group).glob("*.yaml")}
    for choice in value.split(","):
        if choice not in known and choice != "null":
            raise unknown(group, choice, known)


def _check_key(key: str, kind: type[Any]) -> None:
    node: Any = kind
    walked: list[str] = []
    for part in key.split("."):
        if not is_dataclass(node):
            return
        hints = get_type_hints(node)
        names = [field.name for field in fields(node)]
        if part not in names:
            raise unknown(
                "setting", ".".join([*walked, part]), [".".join([*walked, n]) for n in names]
            )
        walked.append(part)
        node = hints[part]


def _one_line(error: Exception) -> str:
    """The cause of a Hydra error without its frame of repetition."""
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return "; ".join(lines[:2])
