"""``report.html``: a run's figures, curves and answers on one page that needs no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from sqlgrpo.evaluation.figures import Stages, read_stages
from sqlgrpo.files import write_atomically

CURVES = {
    ("warm_start", "loss"): "Warm start: loss",
    ("grpo", "reward"): "GRPO: mean reward",
    ("grpo", "validation_suite_accuracy"): "GRPO: validation suite accuracy",
    ("grpo", "frac_reward_zero_std"): "GRPO: share of groups with equal rewards",
    ("grpo", "completions/mean_length"): "GRPO: completion length in tokens",
    ("grpo", "hack/reward_without_equivalence"): "GRPO: share of the reward without equivalence",
    ("grpo", "hack/second_seed_disagreement"): "GRPO: share refuted by a suite of another seed",
}
WIDTH, HEIGHT, MARGIN = 600, 120, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One figure over the steps of a stage, as the points of an SVG line."""

    title: str
    points: str
    low: float
    high: float
    first: int
    last: int


def write_report(folder: Path, *, title: str, answers: int = 40) -> Path:
    """Render ``report.html`` from the files of a run folder."""
    stages = read_stages(folder / "evaluation.json")
    last = next(reversed(stages), "")
    metrics = list(dict.fromkeys(name for figures in stages.values() for name in figures))
    environment = Environment(loader=PackageLoader("sqlgrpo.evaluation", "."), autoescape=True)
    page = environment.get_template("report.html.j2").render(
        title=title,
        halt=_halt(folder / "halt.json"),
        stages=stages,
        metrics=metrics,
        examples=_examples(stages),
        curves=_curves(_rows(folder / "metrics.jsonl")),
        answers=_rows(folder / "completions" / f"evaluation-{last}.jsonl")[:answers],
        config=(folder / "config.yaml").read_text(encoding="utf-8"),
    )
    write_atomically(folder / "report.html", page)
    return folder / "report.html"


def _examples(stages: Stages) -> int:
    return max((f.n for figures in stages.values() for f in figures.values()), default=0)


def _halt(path: Path) -> str:
    return str(json.loads(path.read_text())["message"]) if path.is_file() else ""


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _curves(rows: Sequence[dict[str, Any]]) -> list[Curve]:
    curves = []
    for (stage, name), title in CURVES.items():
        values = [
            (int(row["step"]), float(row[name]))
            for row in rows
            if row.get("stage") == stage and row.get(name) is not None
        ]
        if len(values) > 1:
            curves.append(_curve(title, values))
    return curves


def _curve(title: str, values: Sequence[tuple[int, float]]) -> Curve:
    steps, heights = [step for step, _ in values], [height for _, height in values]
    low, high = min(heights), max(heights)
    wide = max(1, steps[-1] - steps[0])
    tall = (high - low) or 1.0
    points = " ".join(
        f"{MARGIN + (step - steps[0]) / wide * (WIDTH - 2 * MARGIN):.1f},"
        f"{HEIGHT - MARGIN - (height - low) / tall * (HEIGHT - 2 * MARGIN):.1f}"
        for step, height in values
    )
    return Curve(title=title, points=points, low=low, high=high, first=steps[0], last=steps[-1])
