"""What is said about the rewards beside the rewards: verdicts, hacks, counterexamples.

Everything here only looks. It asks the judge that made the rewards, and one more whose suites have
another seed, about a few completions of each generation. Its random choices have a source of their
own, so that a run is the same with it and without.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from sqlgrpo.config import Config, TelemetryConfig
from sqlgrpo.databases import Counterexample, Judge, Outcome
from sqlgrpo.errors import ExampleError
from sqlgrpo.evaluation.evaluate import why
from sqlgrpo.parsers.lexer import same_text
from sqlgrpo.training import distributed
from sqlgrpo.training.run_folder import RunFolder, append
from sqlgrpo.types import Example, Score

ROWS, CHARS = 20, 200
"""Most of a result, and of a text in it, that is written down."""


def verdict_figures(scores: Sequence[Score]) -> dict[str, float]:
    """Mean verdict per verifier, and the share of completions without SQL."""
    verdicts = [verdict for score in scores for verdict in score.verdicts]
    names = sorted({verdict.verifier for verdict in verdicts})
    means = {
        f"verdict/{name}": fmean(v.score for v in verdicts if v.verifier == name) for name in names
    }
    return {**means, "no_sql": fmean(score.parsed.sql is None for score in scores)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One completion of a batch, and what the judge says of its query."""

    place: int
    example: Example
    score: Score
    outcome: Outcome | None
    """``None`` without a query, and when the example is broken."""

    @property
    def sql(self) -> str:
        return self.score.parsed.sql or ""

    @property
    def equivalent(self) -> bool:
        return self.outcome is not None and self.outcome.equivalent

    def row(self, step: int, counterexample: Counterexample | None) -> dict[str, Any]:
        """For a file of the run folder."""
        return {
            "stage": "grpo",
            "step": step,
            "id": self.example.id,
            "question": self.example.question,
            "gold": self.example.gold_sql,
            "sql": self.sql,
            "reward": self.score.reward,
            "reason": why(self.score),
            "counterexample": plain(counterexample),
        }


@dataclass(slots=True, kw_only=True)
class Telemetry:
    """Looks at each batch of completions once."""

    judge: Judge
    """The one that makes the rewards; it remembers its verdicts."""
    second: Judge
    """The same, but for the seed of its suites."""
    config: TelemetryConfig
    run: RunFolder
    seed: int

    @classmethod
    def of(cls, config: Config, judge: Judge, run: RunFolder) -> Telemetry:
        """As ``training.telemetry`` says."""
        verifier = config.verifier
        other = replace(verifier.suite, seed=verifier.suite.seed + 1)
        return cls(
            judge=judge,
            second=Judge(compare=verifier.compare, limits=verifier.limits, suite=other),
            config=config.training.telemetry,
            run=run,
            seed=config.seed,
        )

    def look(
        self, examples: Sequence[Example], scores: Sequence[Score], step: int
    ) -> tuple[dict[str, float], list[str]]:
        """Figures of the batch, and for each completion a counterexample or an empty text."""
        began = time.perf_counter()
        chance = random.Random(f"{self.seed}/{step}/{distributed.world().rank}")
        answers = self._answers(examples, scores)
        figures = {"hack/reward_without_equivalence": unearned(answers)}
        figures |= self._rechecked(answers, step, chance)
        column = self._explained(answers, step, chance)
        figures["time/telemetry_s"] = time.perf_counter() - began
        return figures, column

    def close(self) -> None:
        """End the worker processes of the second judge."""
        self.second.close()

    def _answers(self, examples: Sequence[Example], scores: Sequence[Score]) -> list[Answer]:
        together = list(zip(examples, scores, strict=True))
        self.judge.prefetch([(s.parsed.sql, e) for e, s in together if s.parsed.sql is not None])
        return [
            Answer(
                place=place,
                example=example,
                score=score,
                outcome=_outcome(self.judge, score.parsed.sql, example),
            )
            for place, (example, score) in enumerate(together)
        ]

    def _rechecked(
        self, answers: Sequence[Answer], step: int, chance: random.Random
    ) -> dict[str, float]:
        """How many of a sample of right answers the second judge holds to be wrong."""
        right = [a for a in answers if a.equivalent and a.score.reward > 0.0]
        sample = chance.sample(right, min(self.config.recheck, len(right)))
        doubtful = [a for a in sample if same_text(a.sql) != same_text(a.example.gold_sql)]
        self.second.prefetch([(a.sql, a.example) for a in doubtful])
        outcomes = {a.place: _outcome(self.second, a.sql, a.example) for a in doubtful}
        hacks = [a for a in doubtful if (o := outcomes[a.place]) and not o.equivalent]
        rows = [a.row(step, self.second.explain(a.sql, a.example)) for a in hacks]
        append(self.run.hacks, rows)
        if not sample:
            return {}
        return {
            "hack/second_seed_disagreement": len(hacks) / len(sample),
            "hack/rechecked": float(len(sample)),
        }

    def _explained(self, answers: Sequence[Answer], step: int, chance: random.Random) -> list[str]:
        """Counterexamples for a few distinct wrong answers that run."""
        runs = [a for a in answers if a.outcome and a.outcome.runs and not a.equivalent]
        wrong = list({(a.example.id, a.sql): a for a in runs}.values())
        column = [""] * len(answers)
        rows = []
        for answer in chance.sample(wrong, min(self.config.explain, len(wrong))):
            rows.append(answer.row(step, self.judge.explain(answer.sql, answer.example)))
            column[answer.place] = json.dumps(rows[-1]["counterexample"])
        append(self.run.counterexamples, rows)
        return column


def unearned(answers: Sequence[Answer]) -> float:
    """The share of all reward that queries earned which are not equivalent to their gold."""
    paid = sum(answer.score.reward for answer in answers)
    wrongly = sum(answer.score.reward for answer in answers if not answer.equivalent)
    return wrongly / paid if paid else 0.0


def plain(counterexample: Counterexample | None) -> dict[str, Any] | None:
    """A counterexample for JSON, with long results and texts cut short."""
    if counterexample is None:
        return None
    found = asdict(counterexample)
    for name in ("gold_rows", "pred_rows"):
        found[name] = [[_short(value) for value in row] for row in found[name][:ROWS]]
    return found


def _short(value: object) -> object:
    if isinstance(value, bytes):
        value = f"x'{value.hex()}'"
    return value[:CHARS] if isinstance(value, str) else value


def _outcome(judge: Judge, sql: str | None, example: Example) -> Outcome | None:
    if sql is None:
        return None
    try:
        return judge.judge(sql, example)
    except ExampleError:  # with another seed, or under a rubric that does not ask the judge
        return None
