"""The end of a run: the figures side by side, and the next command to type."""

from __future__ import annotations

from rich.console import Console

from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.evaluation.report import table
from sqlgrpo.training.halts import read_halt
from sqlgrpo.training.run_folder import RunFolder


def say(run: RunFolder, console: Console) -> float:
    """Print the table and return the last stage's suite accuracy, for sweeps."""
    stages = read_stages(run.evaluation)
    console.print(table(stages))
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
    return list(stages.values())[-1]["suite_accuracy"].value
