"""Turn a finished run into a result that the README may quote.

python benchmarks/record_run.py outputs/quickstart --output results/quickstart.json

Takes the stages and intervals from ``evaluation.json``, times from ``metrics.jsonl``, and tests
each stage against the one before on the same examples (exact McNemar test, two-sided).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from math import comb
from pathlib import Path
from typing import Any

from common import write_result


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value that gains and losses are equally likely.

    >>> round(mcnemar(10, 1), 4)
    0.0117
    """
    n, k = gained + lost, min(gained, lost)
    tail = sum(comb(n, i) for i in range(k + 1)) / 2**n
    return min(1.0, 2 * tail)


def right(folder: Path, stage: str) -> dict[str, bool]:
    """Example id -> whether the stage's answer is equivalent to the gold."""
    path = folder / "completions" / f"evaluation-{stage}.jsonl"
    return {row["id"]: row["reward"] == 1.0 for row in rows(path)} if path.is_file() else {}


def figure(folder: Path, stage: str, name: str) -> float:
    """One figure of a stage, such as its exact match."""
    value: float = json.loads((folder / "evaluation.json").read_text())[stage][name]["value"]
    return value


def exchanged(old: dict[str, bool], new: dict[str, bool]) -> tuple[int, int]:
    """Questions gained and lost, of those that both answered.

    >>> exchanged({"a": True, "b": False}, {"a": False, "b": True, "c": True})
    (1, 1)
    """
    both = [(old[key], new[key]) for key in new if key in old]
    return both.count((False, True)), both.count((True, False))


def paired(before: Sequence[dict[str, bool]], after: Sequence[dict[str, bool]]) -> dict[str, Any]:
    """Exact McNemar tests on the same questions: seed by seed, and by majority of three or more.

    Seeds answer the same questions, so their answers must not be pooled as if independent.
    """
    each = [exchanged(old, new) for old, new in zip(before, after, strict=True)]
    found: dict[str, Any] = {
        "gained": [gained for gained, _ in each],
        "lost": [lost for _, lost in each],
        "p": [mcnemar(gained, lost) for gained, lost in each],
    }
    if len(each) < 3 or len(each) % 2 == 0:  # an even number has no majority
        return found
    old, new = (
        {key: 2 * sum(run[key] for run in runs) > len(runs) for key in runs[0]}
        for runs in (before, after)
    )
    gained, lost = exchanged(old, new)
    return found | {
        "majority_gained": gained,
        "majority_lost": lost,
        "majority_p": mcnemar(gained, lost),
    }


def changes(folder: Path, stages: list[str]) -> dict[str, dict[str, float]]:
    """What each stage gained and lost against the one before."""
    result = {}
    for before, after in pairwise(stages):
        old, new = right(folder, before), right(folder, after)
        if old and new:
            gained, lost = exchanged(old, new)
            p = mcnemar(gained, lost)
            result[f"{before} -> {after}"] = {"gained": gained, "lost": lost, "p": round(p, 6)}
    return result


def minutes(metrics: list[dict[str, Any]], stage: str) -> float | None:
    """Wall clock between the first and the last logged step of a stage."""
    times = [row["time"] for row in metrics if row["stage"] == stage]
    return round((times[-1] - times[0]) / 60, 1) if times else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--data", default="built-in", help="name of the data set or file")
    parser.add_argument("--commit", help="commit of the run, when it is not the current one")
    parser.add_argument("--note", help="what a reader of the figures must know")
    args = parser.parse_args()
    stages = json.loads((args.run / "evaluation.json").read_text())
    metrics = rows(args.run / "metrics.jsonl")
    steps = {
        s: sum(r["stage"] == s and "loss" in r for r in metrics) for s in ("warm_start", "grpo")
    }
    result = write_result(
        None,
        args.run.name,
        {
            "stages": stages,
            "changes": changes(args.run, list(stages)),
            "steps": steps,
            "minutes": {stage: minutes(metrics, stage) for stage in steps},
        },
        settings={"data": args.data} | ({"note": args.note} if args.note else {}),
    )
    result["command"] = f"python scripts/train.py experiment={args.run.name}"
    result["commit"] = args.commit or result["commit"]
    args.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    shown = " -> ".join(f"{s} {f['suite_accuracy']['value']:.3f}" for s, f in stages.items())
    print(f"{args.run.name}: suite accuracy {shown}")


if __name__ == "__main__":
    main()
