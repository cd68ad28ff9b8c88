"""How often the policy answers each training example rightly before GRPO, for the curriculum."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlgrpo.environments import SqlEnv
from sqlgrpo.evaluation.policies import Policy
from sqlgrpo.files import write_atomically
from sqlgrpo.progress import Report
from sqlgrpo.training.run_folder import append
from sqlgrpo.types import Example

log = logging.getLogger(__name__)

CHUNK = 32
"""Examples that are sampled together and then written down."""
Rates = dict[str, tuple[float, int]]
"""By example id: the sum of the rewards, and of how many samples."""


def estimate(
    examples: Sequence[Example],
    samples: int,
    policy: Policy,
    environment: SqlEnv,
    file: Path,
    report: Report,
) -> Rates:
    """Draw ``samples`` completions for each example; the rewards are kept in ``file`` as they come,
    so that a run that was stopped samples only what is missing."""
    rates = read(file)
    whole = [json.dumps(row) + "\n" for row in _rows(rates)]
    write_atomically(file, "".join(whole))  # without a line that was cut off
    missing = [example for example in examples if rates.get(example.id, (0.0, 0))[1] < samples]
    report.advance(len(examples) - len(missing))
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        found = _draw(chunk, samples, policy, environment)
        append(file, _rows(found))
        rates |= found
        report.advance(len(chunk))
    mixed = sum(0 < earned < tried for earned, tried in rates.values())
    log.info("%d of %d examples are sometimes right and sometimes not", mixed, len(rates))
    return rates


def read(file: Path) -> Rates:
    """What an earlier run kept; a line that was cut off is sampled again."""
    rates: Rates = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rates[row["id"]] = (row["earned"], row["tried"])
    return rates


def _rows(rates: Rates) -> list[dict[str, Any]]:
    return [{"id": i, "earned": earned, "tried": n} for i, (earned, n) in rates.items()]


def _draw(examples: Sequence[Example], samples: int, policy: Policy, environment: SqlEnv) -> Rates:
    asked = [example for example in examples for _ in range(samples)]
    completions = policy(asked, lambda _: None)
    rewards = [score.reward for score in environment.score_batch(completions, asked)]
    return {
        example.id: (sum(rewards[place * samples : (place + 1) * samples]), samples)
        for place, example in enumerate(examples)
    }
