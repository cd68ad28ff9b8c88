"""How the shared forward and backward pass gains with the prompt's length and the group's size.

    python benchmarks/speed_grid.py --run outputs/speed_grid --output results/speed_grid.json \
        --plot docs/speed_grid.svg

Takes sampled groups of a warm-started policy, cuts or repeats their prompts to a given length, and
times stock ``GRPOTrainer`` and ours on the same rows, alternating. A run that was stopped goes on
in its ``--run`` folder. The plot needs the extra ``plots`` (matplotlib). Arguments without dashes
are overrides of ``experiment=quickstart``.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any

import torch
from trl import GRPOTrainer

from common import write_result
from policies import opened
from sqlgrpo.cli import quiet_libraries
from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions
from step_speed import clock, forward_backward, ratio

PROMPTS = 2
Cell = dict[str, Any]


def main() -> None:
    options = _options()
    quiet_libraries()
    largest = max(options.groups)
    given = [f"training.batch_size={PROMPTS}", f"training.num_generations={largest}"]
    with opened([*given, *options.overrides], 1, options.run, quiet=False) as bench:
        trainers = {"stock": bench.trainer(GRPOTrainer), "fast": bench.trainer(FastGRPOTrainer)}
        trainers["fast"].fast = FastOptions(skip_flat=False)
        torch.manual_seed(0)
        batch = trainers["fast"]._generate_and_score_completions(bench.rows(0))
        kept = bench.job.run.root / "cells.jsonl"
        cells = []
        for size, length in product(options.groups, options.lengths):
            here = {"num_generations": size, "prompt_tokens": length, "rounds": options.rounds}
            cells.append(
                recalled(kept, here)
                or measured(trainers, shaped(batch, largest, size, length), options.rounds) | here
            )
            remember(kept, cells[-1])
            print(described(cells[-1]), file=sys.stderr, flush=True)
    overrides = [one for one in options.overrides if "/" not in one]  # no paths of this machine
    settings = {"prompts": PROMPTS, "rounds": options.rounds, "overrides": overrides}
    write_result(options.output, "speed_grid", {"cells": cells}, settings=settings)
    if options.plot:
        plot(cells, options.plot)
    print("; ".join(map(described, cells)))


def described(cell: Cell) -> str:
    """A cell in a few words."""
    found = cell["faster"]
    return (
        f"G {cell['num_generations']}, prompt of {cell['prompt_tokens']} tokens: "
        f"{found['value']:.1f}x ({found['low']:.1f}-{found['high']:.1f})"
    )


def recalled(kept: Path, which: Cell) -> Cell | None:
    """The cell, if a run that was stopped had finished it."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.is_file() else []
    return next((c for c in map(json.loads, lines) if which.items() <= c.items()), None)


def remember(kept: Path, cell: Cell) -> None:
    """Keep a finished cell, once."""
    if recalled(kept, cell) is None:
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(cell) + "\n")


def shaped(batch: dict[str, Any], largest: int, size: int, length: int) -> dict[str, Any]:
    """The first ``size`` rows of every group, on prompts of ``length`` tokens."""
    rows = [i for i in range(len(batch["prompt_ids"])) if i % largest < size]
    cut = {k: v[rows] if v.dim() else v for k, v in batch.items() if isinstance(v, torch.Tensor)}
    prompts = []
    for ids, mask in zip(cut["prompt_ids"], cut["prompt_mask"], strict=True):
        tokens = ids[mask.bool()]
        copies = -(-length // len(tokens))
        prompts.append(tokens.repeat(copies)[-length:])
    cut["prompt_ids"] = torch.stack(prompts)
    cut["prompt_mask"] = torch.ones_like(cut["prompt_ids"])
    cut["advantages"] = torch.tensor([(-1.0) ** i for i in range(len(rows))])
    cut["num_items_in_batch"] = cut["completion_mask"].sum()
    return cut


def measured(trainers: dict[str, GRPOTrainer], batch: dict[str, Any], rounds: int) -> Cell:
    """Seconds of both trainers, alternating; one rehearsal."""
    seconds: dict[str, list[float]] = {"stock": [], "fast": []}
    for round_ in range(-1, rounds):
        for name, trainer in trainers.items():
            spent = clock(forward_backward, trainer, batch)
            if round_ >= 0:
                seconds[name].append(spent)
    return {"faster": ratio(seconds["stock"], seconds["fast"]), "seconds": seconds}


def plot(cells: list[Cell], path: Path) -> None:
    """One line per group size, the ratio over the prompt's length."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    for size in sorted({cell["num_generations"] for cell in cells}, reverse=True):
        line = [cell for cell in cells if cell["num_generations"] == size]
        x = [cell["prompt_tokens"] for cell in line]
        y, low, high = ([c["faster"][key] for c in line] for key in ("value", "low", "high"))
        axes.plot(x, y, marker="o", label=f"G = {size}")
        axes.fill_between(x, low, high, alpha=0.2)
    axes.axhline(1.0, color="grey", linewidth=0.8)
    axes.set(xlabel="prompt (tokens)", ylabel="stock seconds / ours", ylim=(0, None))
    axes.set_title("Forward and backward pass, SmolLM2-135M on CPU")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", help="such as training.autocast=null")
    parser.add_argument("--run", help="folder that keeps the warm start for the next run")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--plot", type=Path, help="SVG file")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--groups", nargs="+", type=int, default=[4, 8, 16])
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 100, 200, 400])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
