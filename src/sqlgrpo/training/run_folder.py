"""The files of one run, and what of it is already there."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError
from sqlgrpo.files import write_atomically
from sqlgrpo.training.survive_files import newest_whole

MAY_CHANGE = ("evaluation", "training.max_steps", "training.max_minutes", "training.resume")
"""Settings that a resumed run may change; any other difference is another run."""


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

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that is whole; damaged ones are skipped with a warning."""
        return newest_whole(self.root)

    def forget_metrics(self, stage: str, after_step: int) -> None:
        """Drop the rows of steps that a resumed run is about to take again."""
        if not self.metrics.is_file():
            return
        kept = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # the last line of a run that was killed
                continue
            if row["stage"] != stage or row["step"] <= after_step:
                kept.append(line + "\n")
        write_atomically(self.metrics, "".join(kept))

    def tracker_id(self) -> str:
        """The id of this run's W&B page, so that a resumed run continues the page."""
        file = self.root / ".wandb_id"
        if not file.is_file():
            write_atomically(file, secrets.token_hex(4))
        return file.read_text()

    def append_metrics(self, row: dict[str, Any]) -> None:
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _check_same_run(self, new: dict[str, Any], *, resume: str) -> None:
        if resume == "never":
            raise ConfigError(f"{self.root} holds a run; name another output_dir or remove it")
        old = OmegaConf.to_container(OmegaConf.load(self.config))
        changed = [
            key
            for key in sorted(flat(new).keys() | flat(old).keys())
            if flat(new).get(key) != flat(old).get(key) and not key.startswith(MAY_CHANGE)
        ]
        if changed:
            raise ConfigError(
                f"{self.root} holds a run with other settings ({', '.join(changed[:5])}); "
                "name another output_dir, or remove it to start again"
            )


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
