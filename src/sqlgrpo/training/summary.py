"""The end of a run: the figures side by side, and the next command to type."""

from __future__ import annotations

import json

from rich.console import Console

from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.evaluation.report import table
from sqlgrpo.training.halts import ACCURACY, read_halt
from sqlgrpo.training.run_folder import RunFolder


def say(run: RunFolder, console: Console) -> None:
    """Print the table, why the run halted if it did, and how to use its model."""
    console.print(table(read_stages(run.evaluation)))
    if halt := read_halt(run):
        console.print(f"GRPO {halt}", style="bold red", markup=False, highlight=False)
        console.print(f"What is measured above is {run.best}.\n", markup=False, highlight=False)
    best = run.best if run.best.is_dir() else run.warm_start
    console.print("Ask it something:\n", highlight=False)
    console.print(
        f"  .venv/bin/python scripts/inference.py --checkpoint {best} \\\n"
        '    --query "How many books have more than 300 pages?" --schema examples/library.sql\n',
        highlight=False,
        soft_wrap=True,
    )


def validated(run: RunFolder) -> float:
    """Validation suite accuracy of ``checkpoint-best``: what a sweep compares its trials by, so
    that the test set chooses nothing."""
    rows = map(json.loads, run.metrics.read_text(encoding="utf-8").splitlines())
    return max(float(row[ACCURACY]) for row in rows if ACCURACY in row)
