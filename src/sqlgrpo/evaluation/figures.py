"""Measured numbers with confidence intervals, and the file that keeps them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist, fmean, stdev

from sqlgrpo.files import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A mean over ``n`` examples with its confidence interval."""

    value: float
    low: float
    high: float
    n: int


def proportion(successes: int, n: int, confidence: float = 0.95) -> Figure:
    """A share with its Wilson score interval (Wilson, 1927).

    >>> proportion(9, 10)
    Figure(value=0.9, low=0.5958, high=0.9821, n=10)
    """
    if n == 0:
        return Figure(value=math.nan, low=0.0, high=1.0, n=0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, shrink = successes / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Figure(value=round(share, 4), low=round(low, 4), high=round(high, 4), n=n)


def mean(values: Sequence[float], confidence: float = 0.95) -> Figure:
    """A mean of scores in [0, 1] with a normal interval; 0/1 scores get Wilson's."""
    n = len(values)
    if all(value in (0.0, 1.0) for value in values):
        return proportion(round(sum(values)), n, confidence)
    centre = fmean(values)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * stdev(values) / math.sqrt(n) if n > 1 else 1.0
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Figure(value=round(centre, 4), low=round(low, 4), high=round(high, 4), n=n)


Stages = dict[str, dict[str, Figure]]
"""Figures by stage (``base``, ``warm_start``, ``grpo``), in the order of measuring."""


def read_stages(path: Path) -> Stages:
    """The stages measured so far; none when the file is not there."""
    if not path.is_file():
        return {}
    stages: Mapping[str, Mapping[str, Mapping[str, float]]] = json.loads(path.read_text())
    return {
        stage: {name: _figure(fields) for name, fields in figures.items()}
        for stage, figures in stages.items()
    }


def _figure(fields: Mapping[str, float]) -> Figure:
    return Figure(value=fields["value"], low=fields["low"], high=fields["high"], n=int(fields["n"]))


def write_stage(path: Path, stage: str, figures: Mapping[str, Figure]) -> Stages:
    """Add one stage to ``evaluation.json`` and return all of them."""
    stages = read_stages(path) | {stage: dict(figures)}
    plain = {
        name: {metric: asdict(figure) for metric, figure in measured.items()}
        for name, measured in stages.items()
    }
    write_atomically(path, json.dumps(plain, indent=2) + "\n")
    return stages
