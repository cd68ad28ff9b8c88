"""Turn a sweep into a result that the documentation may quote.

    python benchmarks/record_sweep.py outputs/sweep --start outputs/quickstart \\
        --output results/sweep.json \\
        --command "python scripts/train.py --multirun experiment=sweep ..."

Every finished trial: what it was given, how many steps it made of its minutes, the validation
accuracy that it was scored by, and on the test set, which chooses nothing, its suite accuracy with
its interval and what it gained and lost against the warm start.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from omegaconf import OmegaConf

from common import write_result
from record_run import exchanged, mcnemar, right, rows
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.training.summary import validated


def trial(folder: Path, before: dict[str, bool]) -> dict[str, Any]:
    """One finished trial: its overrides by key, steps, score, and the change (exact McNemar)."""
    given = OmegaConf.load(folder / ".hydra/overrides.yaml")
    stages = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    after = right(folder, "grpo")
    if not after.keys() <= before.keys():
        raise SystemExit(f"the run of --start did not answer all that {folder} did")
    gained, lost = exchanged(before, after)
    return {
        "trial": int(folder.name),
        "given": dict(text.split("=", 1) for text in given),
        "steps": sum("loss" in row for row in rows(folder / "metrics.jsonl")),
        "validation": validated(RunFolder(folder)),
        "warm_start": fmean(before[key] for key in after),
        "suite_accuracy": stages["grpo"]["suite_accuracy"],
        "gained": gained,
        "lost": lost,
        "p": mcnemar(gained, lost),
    }


def trials(sweep: Path, start: Path) -> list[dict[str, Any]]:
    """The finished ones, the best first; of what they were given, what was searched."""
    before = right(start, "warm_start")
    found = [trial(path.parent, before) for path in sweep.glob("*/evaluation.json")]
    if not found:
        raise SystemExit(f"{sweep} has no finished trial (a folder with an evaluation.json)")
    shared = set.intersection(*(set(one["given"].items()) for one in found))
    for one in found:
        one["given"] = {k: v for k, v in one["given"].items() if (k, v) not in shared}
    return sorted(found, key=lambda one: (-one["validation"], one["trial"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="run folder of the warm start")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--command", required=True, help="the command of the sweep")
    parser.add_argument("--commit", help="commit of the sweep, when it is not the current one")
    parser.add_argument("--note", help="what a reader of the figures must know")
    args = parser.parse_args()
    found = trials(args.sweep, args.start)
    settings = {"note": args.note} if args.note else {}
    result = write_result(None, "sweep", {"trials": found}, settings=settings)
    result["command"] = args.command
    result["commit"] = args.commit or result["commit"]
    args.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for one in found:
        print(f"{one['validation']:.3f}  {one['steps']} steps  {one['given']}")


if __name__ == "__main__":
    main()
