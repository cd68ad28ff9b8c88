"""Live progress on a terminal; everywhere else log lines, one per tenth of a phase at most."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

log = logging.getLogger(__name__)

LINES = 10
"""Log lines of one phase without a terminal."""


@dataclass(slots=True)
class Report:
    """One phase of a run: how far it is, and its latest figures such as reward or loss."""

    progress: Progress
    task: TaskID
    figures: str = ""

    def __call__(self, done: int, **figures: float) -> None:
        """Set how many steps are done."""
        if figures:
            self.figures = "  ".join(f"{key} {value:.3g}" for key, value in figures.items())
        self.progress.update(self.task, completed=done, figures=self.figures)

    def advance(self, count: int) -> None:
        """Add to the steps that are done."""
        self.progress.advance(self.task, count)
        task = self.progress.tasks[self.task]
        if not self.progress.disable or not task.total:
            return
        tenths = [done * LINES // task.total for done in (task.completed - count, task.completed)]
        if tenths[0] < tenths[1]:
            log.info("%s: %d of %d", task.description, task.completed, task.total)


def pace(count: int, seconds: float) -> str:
    """How long the questions took, together and each.

    >>> pace(64, 16.0)
    '64 questions in 16.0 s, 0.25 s each'
    """
    if count == 1:
        return f"1 question in {seconds:.1f} s"
    return f"{count} questions in {seconds:.1f} s, {seconds / max(count, 1):.2f} s each"


@contextmanager
def phase(console: Console, name: str, total: int | None) -> Iterator[Report]:
    """Show one phase: its name, a bar, time left, and its latest figures."""
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[figures]}"),
    )
    live = console.is_terminal
    if not live:
        log.info("%s", name)
    with Progress(*columns, console=console, disable=not live) as progress:
        report = Report(progress, progress.add_task(name, total=total, figures=""))
        yield report
    if not live:
        log.info("%s: done  %s", name, report.figures)
