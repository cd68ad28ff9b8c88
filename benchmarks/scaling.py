"""One process against two: are rewards, advantages and weights the same, and how long is a step?

    python benchmarks/scaling.py --output results/scaling.json

Agreement: the tiny model on scripted completions, under DDP, ZeRO-2 and ZeRO-3 over gloo.
Speed: GRPO steps of SmolLM2-135M by the wall clock, with one thread and one verification worker a
process; it means something only on a machine that does nothing else, and says nothing about GPUs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean, median
from typing import Any

from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import ROOT, write_result

CASE = ROOT / "tests" / "training" / "spread_case.py"
ENGINES = {"ddp": ("ddp", 2), "zero2": ("deepspeed", 2), "zero3": ("deepspeed", 3)}
PARTS = ("step", "generate", "verify", "train", "other")
TOLERANCE = 1e-6
ALONE = ("none", 2)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"}
STEP = (
    "experiment=quickstart",
    "training.warm_start.enabled=false",
    "training.max_minutes=null",
    "training.batch_size=4",
    "training.micro_batch_groups=2",
    "training.autocast=null",
    "training.eval_every=1000",
    "training.report_to=none",
    "verifier.suite.workers=1",
    "data.size=200",
    "data.audit=false",
    "data.validation=4",
    "data.test=4",
    "evaluation.limit=1",
)
SETTINGS = {
    "agreement": {"model": "random:tiny", "steps": 2, "processes": "2 against 1"},
    "seconds_a_step": {
        "model": "wheel:smollm2-135m",
        "processes": "alone 1, the others 2",
        "prompts": 4,
        "completions": 32,
        "threads_a_process": 1,
        "verification_workers_a_process": 1,
        "kind": "wall clock, median",
    },
}


def spread(folder: Path, processes: int, accelerator: str, stage: int) -> Path:
    """Run the case and return the folder with what it wrote."""
    folder.mkdir(parents=True)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    subprocess.run(
        [sys.executable, *(launch if processes > 1 else []), CASE, folder, accelerator, str(stage)],
        env=ENVIRONMENT,
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
    }


def speed(folder: Path, accelerator: str, stage: int, steps: int) -> dict[str, float]:
    """Medians over the steps of a real run, without its first."""
    chosen = [
        f"training.accelerator={accelerator}",
        f"training.zero_stage={stage}",
        f"training.num_gpus={1 if accelerator == 'none' else 2}",
        f"training.max_steps={steps + 1}",
        f"output_dir={folder}",
    ]
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", *STEP, *chosen],
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    timed = [row for row in rows if "time/step_s" in row][1:]
    parts = {part: median(row[f"time/{part}_s"] for row in timed) for part in PARTS}
    return {
        **{f"{part}_s": round(seconds, 3) for part, seconds in parts.items()},
        "mean_completion_tokens": round(fmean(r["completions/mean_length"] for r in timed), 1),
    }


def agreement(place: Path) -> dict[str, Any]:
    """``compare`` for every engine, with the fast trainer and with stock TRL."""
    alone = spread(place / "alone", 1, *ALONE)
    found: dict[str, Any] = {}
    for name, engine in ENGINES.items():
        together = spread(place / name, 2, *engine)
        for trainer in ("fast", "stock"):
            found[f"{name}_{trainer}"] = compare(alone, together, trainer)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output")
    parser.add_argument("--steps", type=int, default=5, help="timed steps; 0 measures no speed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        agreed = agreement(place)
        seconds = {
            name: speed(place / f"speed_{name}", *engine, options.steps)
            for name, engine in ({"alone": ALONE} | ENGINES).items()
            if options.steps
        }
    worst = max(found["weight_difference"] for found in agreed.values())
    rewards = max(f["reward_difference"] + f["advantage_difference"] for f in agreed.values())
    figures = {"agreement": agreed, "seconds_a_step": seconds}
    write_result(options.output, "scaling", figures, settings=SETTINGS)
    steps = ", ".join(f"{name} {found['step_s']:.1f}" for name, found in seconds.items())
    print(
        f"two processes against one: weights differ by {worst:.1e}, rewards by {rewards:.1e}; "
        f"seconds a step: {steps or 'not measured'}"
    )
    return int(worst > TOLERANCE or rewards > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
