"""How often the policy answers each training example rightly before GRPO, for the curriculum."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from sqlgrpo.config import TrainingConfig
from sqlgrpo.environments import SqlEnv
from sqlgrpo.evaluation.policies import Policy
from sqlgrpo.files import write_atomically
from sqlgrpo.inference.generate import Decoding
from sqlgrpo.progress import Report
from sqlgrpo.types import Example

log = logging.getLogger(__name__)

CHUNK = 32
"""Examples that are sampled together and then written down."""
Rates = dict[str, tuple[float, int]]
"""By example id: the sum of the rewards, and of how many samples."""


def sampled(training: TrainingConfig) -> Decoding:
    """Completions as GRPO will draw them, as many together as in one of its steps."""
    return Decoding(
        max_new_tokens=training.max_completion_tokens,
        batch_size=training.batch_size * training.num_generations,
        temperature=training.temperature,
    )


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
    write_atomically(file, "".join(map(_line, rates.items())))  # without a line that was cut off
    missing = [example for example in examples if rates.get(example.id, (0.0, 0))[1] < samples]
    report.advance(len(examples) - len(missing))
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        found = _draw(chunk, samples, policy, environment)
        with file.open("a", encoding="utf-8") as out:
            out.writelines(map(_line, found.items()))
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


def _line(rate: tuple[str, tuple[float, int]]) -> str:
    name, (earned, tried) = rate
    return json.dumps({"id": name, "earned": earned, "tried": tried}) + "\n"


def _draw(examples: Sequence[Example], samples: int, policy: Policy, environment: SqlEnv) -> Rates:
    asked = [example for example in examples for _ in range(samples)]
    completions = policy(asked, lambda _: None)
    rewards = [score.reward for score in environment.score_batch(completions, asked)]
    return {
        example.id: (sum(rewards[place * samples : (place + 1) * samples]), samples)
        for place, example in enumerate(examples)
    }
