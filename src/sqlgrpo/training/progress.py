"""Live progress on a terminal, one log line per phase everywhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger(__name__)

Report = Callable[..., None]
"""Called as ``report(steps_done, **figures)``; figures such as reward or loss are shown."""


@contextmanager
def phase(console: Console, name: str, total: int | None) -> Iterator[Report]:
    """Show one phase of a run: what it is doing, how far it is, its latest figures, time left."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[figures]}"),
    )
    log.info("%s", name)
    latest = ""
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=total, figures="")

        def report(done: int, **figures: float) -> None:
            nonlocal latest
            if figures:
                latest = "  ".join(f"{key} {value:.3g}" for key, value in figures.items())
            progress.update(task, completed=done, figures=latest)

        yield report
    log.info("%s: done  %s", name, latest)
