"""One process against two: are rewards, advantages and weights the same, and how long is a step?

    python benchmarks/scaling.py --output results/scaling.json

The tiny model on scripted completions, under DDP, ZeRO-2 and ZeRO-3 over gloo. It shows that the
processes agree; two processes on one laptop say nothing about the speed of two GPUs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import ROOT, write_result

CASE = ROOT / "tests" / "training" / "spread_case.py"
ENGINES = {"ddp": ("ddp", 2), "zero2": ("deepspeed", 2), "zero3": ("deepspeed", 3)}
TOLERANCE = 1e-6


def spread(folder: Path, processes: int, accelerator: str, stage: int) -> Path:
    """Run the case and return the folder with what it wrote."""
    folder.mkdir(parents=True)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    subprocess.run(
        [sys.executable, *(launch if processes > 1 else []), CASE, folder, accelerator, str(stage)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return folder


def compare(alone: Path, together: Path, trainer: str) -> dict[str, Any]:
    """Largest differences between one process and two."""
    one, two = (json.loads((f / f"{trainer}.json").read_text()) for f in (alone, together))
    a, b = (load_file(f / f"{trainer}.safetensors") for f in (alone, together))
    pairs = zip(one["advantages"], two["advantages"], strict=True)
    return {
        "same_examples": [r[0] for r in one["advantages"]] == [r[0] for r in two["advantages"]],
        "reward_difference": max(
            abs(x - y) for x, y in zip(one["rewards"], two["rewards"], strict=True)
        ),
        "advantage_difference": max(abs(x[1] - y[1]) for x, y in pairs),
        "weight_difference": max((a[n] - b[n]).abs().max().item() for n in a),
        "largest_weight_of_lora_B": max(a[n].abs().max().item() for n in a if "lora_B" in n),
        "step_s": two["second_step_s"],
        "step_s_alone": one["second_step_s"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        alone = spread(Path(place) / "alone", 1, "none", 2)
        for name, (accelerator, stage) in ENGINES.items():
            together = spread(Path(place) / name, 2, accelerator, stage)
            for trainer in ("fast", "stock"):
                figures[f"{name}_{trainer}"] = compare(alone, together, trainer)
    worst = max(f["weight_difference"] for f in figures.values())
    rewards = max(f["reward_difference"] + f["advantage_difference"] for f in figures.values())
    write_result(
        options.output, "scaling", figures, settings={"processes": 2, "model": "random:tiny"}
    )
    print(f"two processes against one: weights differ by {worst:.1e}, rewards by {rewards:.1e}")
    return int(worst > TOLERANCE or rewards > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
