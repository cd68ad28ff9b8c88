"""The smallest run of the whole flow, for tests that start, stop or spread it.

A random model earns nothing, so an entropy bonus on sampled completions gives the gradient.
No clock is set: it would enter the learning rate.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from safetensors.torch import load_file

from sqlgrpo.config import Config
from sqlgrpo.settings import read
from sqlgrpo.training.grpo import train
from sqlgrpo.training.run_folder import RunFolder

SMALL = [
    "experiment=quickstart",
    "model=tiny",
    "training.batch_size=2",
    "training.micro_batch_groups=1",
    "training.num_generations=4",
    "training.max_steps=4",
    "training.max_minutes=null",
    "training.eval_every=2",
    "training.max_completion_tokens=8",
    "training.warm_start.examples=16",
    "training.warm_start.max_minutes=null",
    "training.warm_start.micro_batch_size=4",
    "training.autocast=null",
    "training.learning_rate=1e-3",
    "+training.trl.entropy_coef=0.1",
    "data.size=80",
    "data.audit=false",
    "data.validation=4",
    "data.test=4",
    "evaluation.max_new_tokens=4",
]


def config(folder: Path, *more: str) -> Config:
    return read([*SMALL, f"output_dir={folder}", *more], kind=Config)


def run(folder: Path, *more: str) -> RunFolder:
    return train(config(folder, *more), Console(quiet=True))


def weights(folder: Path):
    return load_file(folder / "adapter_model.safetensors")


def same(left, right) -> bool:
    return left.keys() == right.keys() and all((left[n] == right[n]).all() for n in left)
