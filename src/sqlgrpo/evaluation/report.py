"""Figures as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from sqlgrpo.evaluation.figures import Figure, Stages

SHOWN = ("suite_accuracy", "ex", "valid_sql", "schema", "exact_match")


def table(stages: Stages, metrics: Sequence[str] = SHOWN) -> Table:
    """One row per metric, one column per stage, with the interval beside each value."""
    names = [m for m in metrics if any(m in figures for figures in stages.values())]
    result = Table(title="Held-out schemas, 95 % intervals", title_justify="left")
    result.add_column("metric")
    for stage in stages:
        result.add_column(stage.replace("_", " "), justify="right")
    for name in names:
        cells = [_cell(figures.get(name)) for figures in stages.values()]
        result.add_row(name.replace("_", " "), *cells)
    return result


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
