"""The only place where TRL's reward signature meets ours.

TRL calls one function per reward and logs each under its name, so every verifier of the rubric
becomes one function that returns its share of the reward; the shares sum to it. A batch is scored
once: the first function of a batch computes the scores, the others read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from transformers import TrainerState

from sqlgrpo.environments import Environment
from sqlgrpo.evaluation.evaluate import why
from sqlgrpo.training.telemetry import Telemetry, verdict_figures
from sqlgrpo.types import Completion, Example, Message, Score

LogMetric = Callable[[str, float], None]
LogExtra = Callable[[str, list[Any]], None]
Hear = Callable[[Sequence[str], Sequence[Score]], None]


@dataclass(slots=True)
class BatchScorer:
    """Scores a batch of completions once, however many reward functions ask."""

    environment: Environment
    examples: Mapping[str, Example]
    hear: Hear | None = None
    """Told of each batch's scores."""
    _key: list[tuple[str, Completion]] = field(default_factory=list)
    _scores: list[Score] = field(default_factory=list)

    def scores(self, completions: Sequence[Completion], ids: Sequence[str]) -> list[Score]:
        key = list(zip(ids, completions, strict=True))
        if key != self._key:
            examples = [self.examples[example_id] for example_id in ids]
            self._scores = self.environment.score_batch(completions, examples)
            self._key = key
            if self.hear is not None:
                self.hear(ids, self._scores)
        return self._scores

    def figures(self, completions: Sequence[Completion], ids: Sequence[str]) -> dict[str, float]:
        """Means of what the environment measures beyond the reward."""
        examples = [self.examples[example_id] for example_id in ids]
        measured = self.environment.figures(completions, examples)
        return {name: fmean(values) for name, values in measured.items()}


@dataclass(slots=True)
class VerifierReward:
    """One verifier's share of the reward; an object, not a closure, so that TRL can pickle it."""

    verifier: str
    scorer: BatchScorer
    logs: bool = False
    """The one function of a batch that logs verdicts and reasons."""
    telemetry: Telemetry | None = None
    """Further checks, which it logs as well."""

    @property
    def __name__(self) -> str:
        """The name under which TRL logs this reward."""
        return self.verifier

    def __call__(
        self,
        *,
        completions: Sequence[str | list[Message]],
        example_id: list[str],
        turns: list[list[Message]] | None = None,
        trainer_state: TrainerState | None = None,
        log_metric: LogMetric | None = None,
        log_extra: LogExtra | None = None,
        **_: Any,
    ) -> list[float]:
        """One share per completion; ``example_id`` is a dataset column that TRL repeats, and
        ``turns`` come from a rollout of several turns (``training.multi_turn``)."""
        said: list[Completion] = [
            c if isinstance(c, str) else c[-1]["content"] for c in completions
        ]
        if turns is not None:
            said = [*turns]
        scores = self.scorer.scores(said, example_id)
        if self.logs and log_metric is not None and log_extra is not None:
            step = trainer_state.global_step + 1 if trainer_state else 0
            figures, columns = self._observed(said, example_id, scores, step)
            for name, value in figures.items():
                log_metric(name, value)
            for name, values in columns.items():
                log_extra(name, values)
        environment = self.scorer.environment
        return [environment.contributions(score)[self.verifier] for score in scores]

    def _observed(
        self, said: Sequence[Completion], ids: Sequence[str], scores: Sequence[Score], step: int
    ) -> tuple[dict[str, float], dict[str, list[str]]]:
        """Figures of the batch, and columns for the table of completions."""
        figures = verdict_figures(scores) | self.scorer.figures(said, ids)
        columns = {
            "sql": [score.parsed.sql or "" for score in scores],
            "reason": [why(score) for score in scores],
        }
        if self.telemetry is not None:
            examples = [self.scorer.examples[example_id] for example_id in ids]
            more, columns["counterexample"] = self.telemetry.look(examples, scores, step)
            figures |= more
        return figures, columns


def verifier_rewards(
    environment: Environment,
    examples: Sequence[Example],
    telemetry: Telemetry | None = None,
    hear: Hear | None = None,
) -> list[VerifierReward]:
    """One TRL reward function per reward name of the environment: its verifiers."""
    scorer = BatchScorer(environment, {example.id: example for example in examples}, hear)
    return [
        VerifierReward(name, scorer, logs=index == 0, telemetry=None if index else telemetry)
        for index, name in enumerate(environment.reward_names)
    ]
