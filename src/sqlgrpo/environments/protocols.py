"""The shapes of a task, by the names that people know from the classic ``verifiers`` package.

    Parser       completion -> Parsed: the answer in it, or the reason why there is none
    Rubric       (Parsed, Example) -> Score: what the answer is worth, and why
    Environment  what the model reads, and what its completion is worth
      SingleTurnEnv   one completion is the whole conversation
      MultiTurnEnv    answers each completion, until it has nothing more to say

Training and evaluation ask for no more than stands here, so a class with these methods is an
environment, whatever it inherits from. docs/extending.md adds one of each in ten lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sqlgrpo.types import Completion, Example, Message, Parsed, Score


class Parser(Protocol):
    """Finds the answer in a completion; never raises, whatever the model wrote."""

    def __call__(self, completion: str, /) -> Parsed: ...


class Rubric(Protocol):
    """Judges answers. A wrong answer is a low score; only a broken example may raise."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the reward is made of, each a figure of its own in the logs."""

    def score(self, parsed: Parsed, example: Example) -> Score:
        """The reward of one answer with its reasons."""

    def score_batch(self, pairs: Sequence[tuple[Parsed, Example]]) -> list[Score]:
        """Scores in order."""

    def contributions(self, score: Score) -> dict[str, float]:
        """What each name added to the reward; the values sum to it."""


class Environment(Protocol):
    """A task: prompts out, completions in, scores back."""

    @property
    def reward_names(self) -> tuple[str, ...]:
        """What the reward is made of; one TRL reward function for each."""

    def messages(self, example: Example) -> list[Message]:
        """The prompt, as chat messages."""

    def score_batch(
        self, completions: Sequence[Completion], examples: Sequence[Example]
    ) -> list[Score]:
        """Scores in order. A completion is a text, or the turns that followed the prompt."""

    def contributions(self, score: Score) -> dict[str, float]:
        """What each reward name added to the reward; the values sum to it."""

    def figures(
        self, completions: Sequence[Completion], examples: Sequence[Example], /
    ) -> dict[str, list[float]]:
        """Further things to measure, each in [0, 1] for each completion; no part of the reward."""


class SingleTurnEnv(Environment, Protocol):
    """One completion is the whole conversation."""


@runtime_checkable
class MultiTurnEnv(Environment, Protocol):
    """A conversation of up to ``max_turns`` completions."""

    @property
    def max_turns(self) -> int:
        """Most completions in a conversation."""

    def env_response(self, turns: Sequence[Message], example: Example) -> Message | None:
        """The next user message after these turns (the prompt is not among them), or ``None``
        when the conversation is over."""

    def env_response_batch(
        self, conversations: Sequence[Sequence[Message]], examples: Sequence[Example]
    ) -> list[Message | None]:
        """The same for many conversations at once."""
