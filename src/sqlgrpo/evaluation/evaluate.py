"""Score a policy's completions: what share of its queries is valid, and what share is right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlgrpo.config import EvaluationConfig
from sqlgrpo.environments import Advance, SqlEnv
from sqlgrpo.environments.conversation import in_silence
from sqlgrpo.evaluation.figures import Figure, mean
from sqlgrpo.files import write_atomically
from sqlgrpo.types import Completion, Example, Score
from sqlgrpo.verifiers import build_verifier

METRICS = {
    "suite_accuracy": "equivalent",
    "valid_sql": "executes",
    "schema": "schema",
    "keywords": "keywords",
    "structure": "structure",
    "exact_match": "exact",
}
"""Metric in ``evaluation.json`` -> the verifier whose mean score it is."""
CHUNK = 64
"""Completions that are scored together; progress moves in these steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Every completion of one evaluation with its score, and the figures over all of them."""

    examples: tuple[Example, ...]
    completions: tuple[Completion, ...]
    scores: tuple[Score, ...]
    figures: dict[str, Figure]

    def write(self, path: Path) -> None:
        """One JSON line per completion, with its reward and the reasons of the verdicts."""
        rows = [
            {
                "id": example.id,
                "question": example.question,
                "gold": example.gold_sql,
                "completion": completion,
                "sql": score.parsed.sql,
                "reward": score.reward,
                "reason": why(score),
                "verdicts": {verdict.verifier: verdict.score for verdict in score.verdicts},
            }
            for example, completion, score in zip(
                self.examples, self.completions, self.scores, strict=True
            )
        ]
        lines = [json.dumps(row) for row in rows]
        write_atomically(path, "\n".join(lines) + "\n")


def why(score: Score) -> str:
    """Why a completion did not earn the full reward, in one line."""
    reasons = [f"{v.verifier}: {v.reason}" for v in score.verdicts if v.reason]
    return score.parsed.problem or "; ".join(reasons)


def score_completions(
    examples: Sequence[Example],
    completions: Sequence[Completion],
    environment: SqlEnv,
    config: EvaluationConfig,
    advance: Advance = in_silence,
) -> Evaluation:
    """Figures for completions; ``advance`` hears how many were scored."""
    scores: list[Score] = []
    for start in range(0, len(examples), CHUNK):
        chunk = slice(start, start + CHUNK)
        scores += environment.score_batch(completions[chunk], examples[chunk])
        advance(len(examples[chunk]))
    figures = {"reward": mean([score.reward for score in scores], config.confidence)}
    for metric, verifier_name in METRICS.items():
        verifier = build_verifier(verifier_name, environment.rubric.judge)
        values = [
            verifier(score.parsed.sql, example).score if score.parsed.sql is not None else 0.0
            for score, example in zip(scores, examples, strict=True)
        ]
        figures[metric] = mean(values, config.confidence)
    for name, values in environment.figures(completions, examples).items():
        figures[name] = mean(values, config.confidence)
    figures |= _execution_accuracy(examples, scores, environment, config)
    return Evaluation(
        examples=tuple(examples),
        completions=tuple(completions),
        scores=tuple(scores),
        figures=figures,
    )


def _execution_accuracy(
    examples: Sequence[Example],
    scores: Sequence[Score],
    environment: SqlEnv,
    config: EvaluationConfig,
) -> dict[str, Figure]:
    """EX: the same result on the example's real database, over the examples that have one."""
    matches = [
        float(environment.rubric.judge.matches_real(score.parsed.sql, example))
        if score.parsed.sql is not None
        else 0.0
        for score, example in zip(scores, examples, strict=True)
        if example.database is not None
    ]
    return {"ex": mean(matches, config.confidence)} if matches else {}
