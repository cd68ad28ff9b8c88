"""Policies: whoever answers the questions of an evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlgrpo.environments import Advance as Advance
from sqlgrpo.environments import SqlEnv, converse
from sqlgrpo.errors import ConfigError
from sqlgrpo.types import Completion, Example, Message

if TYPE_CHECKING:
    from sqlgrpo.inference.resume import Ask


class Policy(Protocol):
    """Answers examples with completions, in order."""

    def __call__(self, examples: Sequence[Example], advance: Advance) -> Sequence[Completion]: ...


def gold_policy(examples: Sequence[Example], advance: Advance) -> list[str]:
    """Answers with the gold: measures the verifier, which must give 1.000."""
    advance(len(examples))
    return [example.gold_sql for example in examples]


def model_policy(ask: Ask, environment: SqlEnv) -> Policy:
    """A model's answers, in as many turns as the environment has."""

    def speak(conversations: Sequence[Sequence[Message]], advance: Advance) -> list[str]:
        return ask(conversations, lambda _index, _text: advance(1))

    def answer(examples: Sequence[Example], advance: Advance) -> list[Completion]:
        return converse(environment, examples, speak, advance)

    return answer


def load_hacks(path: Path) -> tuple[list[Example], list[str]]:
    """Examples and the completions that try to be paid without answering them.

    Raises ``ConfigError`` when the file is missing or a line lacks a field.
    """
    if not path.is_file():
        raise ConfigError(f"evaluation.hacks: no file {path}")
    examples, completions = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            examples.append(
                Example(
                    id=row["name"], question=row["kind"], schema=row["schema"], gold_sql=row["gold"]
                )
            )
            completions.append(row["completion"])
        except (ValueError, KeyError) as error:
            raise ConfigError(f"{path}, line {number}: not a hack ({error})") from None
    return examples, completions
