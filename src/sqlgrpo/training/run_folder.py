"""The files of one run, and what of it is already there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sqlgrpo.config import Config, TrainingConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.files import write_atomically
from sqlgrpo.training.survive_files import newest_whole

MAY_CHANGE = (
    "evaluation",
    "training.max_steps",
    "training.max_minutes",
    "training.resume",
    "training.halts",
    "training.telemetry",
)
"""Settings that a resumed run may change; any other difference is another run."""


TRAINED = ".trained"
"""Marks a run whose GRPO is over; holds the limits that it ran to."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """``outputs/<run>/``: every path that a run writes."""

    root: Path

    @classmethod
    def open(cls, config: Config) -> RunFolder:
        """Create the folder, or continue in it; ``ConfigError`` when it holds another run."""
        folder = cls(Path(config.output_dir))
        plain = asdict(config)
        if folder.config.is_file():
            folder._check_same_run(plain, resume=config.training.resume)
        write_atomically(folder.config, OmegaConf.to_yaml(OmegaConf.create(plain)))
        return folder

    @property
    def config(self) -> Path:
        return self.root / "config.yaml"

    @property
    def metrics(self) -> Path:
        return self.root / "metrics.jsonl"

    @property
    def audit(self) -> Path:
        return self.root / "audit.json"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation.json"

    @property
    def completions(self) -> Path:
        return self.root / "completions"

    @property
    def warm_start(self) -> Path:
        return self.root / "warm_start"

    @property
    def best(self) -> Path:
        return self.root / "checkpoint-best"

    @property
    def halt(self) -> Path:
        """Why the run stopped training by itself, if it did (``training.halts``)."""
        return self.root / "halt.json"

    @property
    def pass_rates(self) -> Path:
        """How often each example was right before GRPO (``training.curriculum_samples``)."""
        return self.root / "pass_rates.jsonl"

    @property
    def hacks(self) -> Path:
        """Rewarded queries that a suite with another seed tells from the gold."""
        return self.root / "hacks.jsonl"

    @property
    def counterexamples(self) -> Path:
        """Wrong queries, each with the smallest data that shows it."""
        return self.completions / "counterexamples.jsonl"

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that is whole; damaged ones are skipped with a warning."""
        return newest_whole(self.root)

    def is_trained(self, training: TrainingConfig) -> bool:
        """Has GRPO ended here by itself, under the same limits?"""
        file = self.root / TRAINED
        if not (self.best.is_dir() and file.is_file()):
            return False
        return file.read_text() == _limits(training)

    def mark_trained(self, training: TrainingConfig) -> None:
        """``checkpoint-best`` is final unless a limit changes."""
        write_atomically(self.root / TRAINED, _limits(training))

    def forget(self, stage: str, after_step: int) -> None:
        """Drop the rows of steps that a resumed run is about to take again."""
        for file in (self.metrics, self.hacks, self.counterexamples):
            if file.is_file():
                lines = file.read_text(encoding="utf-8").splitlines()
                kept = [line + "\n" for line in lines if _stays(line, stage, after_step)]
                write_atomically(file, "".join(kept))

    def tracker_id(self) -> str:
        """The id of this run's W&B page, so that a resumed run continues the page."""
        file = self.root / ".wandb_id"
        if not file.is_file():
            write_atomically(file, secrets.token_hex(4))
        return file.read_text()

    def append_metrics(self, row: dict[str, Any]) -> None:
        append(self.metrics, [row])

    def _check_same_run(self, new: dict[str, Any], *, resume: str) -> None:
        if resume == "never":
            raise ConfigError(f"{self.root} holds a run; name another output_dir or remove it")
        # A setting that is younger than the run had its default.
        old = OmegaConf.merge(OmegaConf.create(asdict(Config())), OmegaConf.load(self.config))
        before, now = flat(OmegaConf.to_container(old)), flat(new)
        changed = [
            key
            for key in sorted(now.keys() | before.keys())
            if now.get(key) != before.get(key) and not key.startswith(MAY_CHANGE)
        ]
        if changed:
            raise ConfigError(
                f"{self.root} holds a run with other settings ({', '.join(changed[:5])}); "
                "name another output_dir, or remove it to start again"
            )


def _limits(training: TrainingConfig) -> str:
    return json.dumps({"max_steps": training.max_steps, "max_minutes": training.max_minutes})


def append(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add one JSON line for each row."""
    if rows:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write("".join(json.dumps(row) + "\n" for row in rows))


def _stays(line: str, stage: str, after_step: int) -> bool:
    try:
        row = json.loads(line)
    except ValueError:  # the last line of a run that was killed
        return False
    return bool(row["stage"] != stage or row["step"] <= after_step)


def flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys.

    >>> flat({"a": {"b": 1}, "c": []})
    {'a.b': 1, 'c': []}
    """
    if not isinstance(values, dict) or not values:
        return {prefix: values}
    result: dict[str, Any] = {}
    for key, value in values.items():
        result |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return result
