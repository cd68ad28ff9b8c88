"""The examples of a run: loaded, split by schema, short enough, audited."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from sqlgrpo.config import Config, TrainingConfig
from sqlgrpo.data import load, split
from sqlgrpo.data.audit import audit
from sqlgrpo.data.loaded import Quarantined, as_row
from sqlgrpo.data.repairs import spelled_as_asked
from sqlgrpo.environments import SqlEnv
from sqlgrpo.errors import ConfigError
from sqlgrpo.models.prompts import prompt_ids
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.types import Example

log = logging.getLogger(__name__)

FRESH_PASSES = 4
"""GRPO reads examples that the warm start has not seen this often before it asks for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What each stage reads; the schemas of train, validation and test do not overlap."""

    warm_start: list[Example]
    train: list[Example]
    """For GRPO: examples that the warm start has not seen, or all where those are too few."""
    validation: list[Example]
    test: list[Example]


def needed(config: Config) -> int:
    """Most training examples that the run can look at, so that no others are audited."""
    training = config.training
    warm = training.warm_start.examples if training.warm_start.enabled else 0
    return training.max_steps * training.batch_size + warm


def prepare(
    config: Config, environment: SqlEnv, tokenizer: Any, run: RunFolder, console: Console
) -> Prepared:
    """Load, split, drop prompts that are too long, and quarantine what the audit finds.

    Raises ``ConfigError`` when a split has no example left.
    """
    loaded = load(config.data, config.seed)
    splits = split(
        loaded.examples,
        validation=config.data.validation,
        test=config.data.test,
        seed=config.seed,
    )
    chosen = {
        "train": splits.train[: needed(config)],
        "validation": splits.validation,
        "test": splits.test,
    }
    if config.data.question_case:
        chosen["train"], changed = spelled_as_asked(chosen["train"])
        loaded = loaded.with_repaired("question_case", changed)
    long: list[Quarantined] = []
    for name, part in chosen.items():
        chosen[name], left_out = by_length(part, environment, tokenizer, config)
        long += left_out
    if config.data.audit:
        everything = [example for part in chosen.values() for example in part]
        report = audit(everything, environment.rubric, loaded=loaded, extra=long, console=console)
        report.write(run.audit)
        console.print(report.table())
        kept = {example.id for example in report.kept}
        chosen = {name: [e for e in part if e.id in kept] for name, part in chosen.items()}
    for name, part in chosen.items():
        if not part:
            raise ConfigError(
                f"data: no {name} example is left of {len(loaded.examples)} loaded; "
                f"see {run.audit} for the reasons"
            )
    train = chosen["train"]
    warm = train[: config.training.warm_start.examples]
    return Prepared(
        warm_start=warm,
        train=for_grpo(train, config.training),
        validation=chosen["validation"],
        test=chosen["test"],
    )


def for_grpo(train: list[Example], training: TrainingConfig) -> list[Example]:
    """Examples that the warm start left; all of them where GRPO would read those over and over."""
    if not training.warm_start.enabled:
        return train
    fresh = train[training.warm_start.examples :]
    reads = training.max_steps * training.batch_size
    if len(fresh) >= max(training.batch_size, reads / FRESH_PASSES):
        return fresh
    log.info(
        "GRPO reads all %d training examples: the warm start leaves %d for %d prompts",
        len(train),
        len(fresh),
        reads,
    )
    return train


def by_length(
    examples: Sequence[Example], environment: SqlEnv, tokenizer: Any, config: Config
) -> tuple[list[Example], list[Quarantined]]:
    """Examples whose prompt fits ``data.max_prompt_tokens``, and those that are left out."""
    limit = config.data.max_prompt_tokens
    fits: list[Example] = []
    long: list[Quarantined] = []
    for example in examples:
        messages = environment.messages(example)
        # A token is at least one byte, so most prompts need no tokenizer to be seen to fit.
        if sum(len(message["content"].encode()) for message in messages) + 64 <= limit:
            fits.append(example)
            continue
        length = len(prompt_ids(tokenizer, messages, chat=config.model.chat))
        if length <= limit:
            fits.append(example)
        else:
            reason = f"{length} prompt tokens, more than data.max_prompt_tokens={limit}"
            row = as_row(example)
            long.append(Quarantined(id=example.id, kind="prompt_too_long", reason=reason, row=row))
    return fits, long
