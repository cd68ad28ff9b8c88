"""What does GRPO add to a warm start, and what would the same minutes buy otherwise?

    python benchmarks/learning_study.py --run outputs/learning_study --parallel 2 --threads 1 \
        --output results/learning_study.json data.path=FILE

Every arm starts from one warm start, trains on the same examples for the same minutes, and
answers the same held-out questions:

* ``ours``: the fast trainer with the verifier's reward;
* ``stock_arctic``, ``stock_rubrics``: stock TRL, one group a micro-batch, published rewards;
* ``sft``: the warm start, simply continued;
* ``multi_turn`` (not in the default arms): ours, with one repair of a query that fails.

``--warm-start DIR`` takes one that a run of the same experiment made; its split is the same.
``--parallel`` arms run at a time on ``--threads`` threads each. A killed study goes on with what is
not finished. Seeds change the order of examples and the samples alone. Arguments without dashes
override ``experiment=sql_create_context_cpu``, but not what makes an arm.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from common import write_result
from record_run import figure, paired, right, rows

STOCK = ["training.fast=false", "training.micro_batch_groups=1"]
ARMS: dict[str, list[str]] = {
    "ours": [],
    "stock_arctic": [*STOCK, "verifier=arctic"],
    "stock_rubrics": [*STOCK, "verifier=rubrics"],
    "sft": [],
    "multi_turn": ["environment=multi_turn", "environment.turns.rows=0"],
}
DEFAULTS = [
    "experiment=sql_create_context_cpu",
    "training.max_steps=1000",
    "training.eval_every=1000",  # the last weights count; none are chosen by validation
    "training.report_to=none",
]
CONTINUED: dict[str, Any] = {"epochs": 20, "learning_rate": 4e-4}
"""Of ``training.warm_start``, for the arm ``sft``: until the clock stops it, half as fast."""
POLL_S = 5.0


def main() -> None:
    options = _options()
    if options.child == "start":
        start(options)
    elif options.child:
        train_arm(options, options.child, options.seeds[0])
    else:
        study(options)


def study(options: argparse.Namespace) -> None:
    """The warm start, every arm with every seed, then the figures of what is finished."""
    options.run.mkdir(parents=True, exist_ok=True)
    if not options.report:
        check_arms(options)
        run_arms(options)
    figures = compared(options)
    write_result(options.output, "learning_study", figures, settings=_settings(options))
    for arm, found in figures["arms"].items():
        print(f"{arm}: {found['mean']:.3f} ({found['gain']:+.3f} on the warm start)")


def check_arms(options: argparse.Namespace) -> None:
    """Say what an arm's settings would waste, and refuse what would end it, before any trains."""
    from sqlgrpo.config import Config
    from sqlgrpo.settings import read
    from sqlgrpo.training.preflight import check_settings

    for arm in options.arms:
        config = read(settings(options.overrides, options.run, ARMS[arm]), kind=Config)
        found = check_settings(config)
        for finding in found:
            print(f"{arm}: {finding}", file=sys.stderr, flush=True)
        if any(finding.level == "error" for finding in found):
            raise SystemExit(f"{arm} cannot be trained with these settings")


def run_arms(options: argparse.Namespace) -> None:
    """What has not been run yet, ``--parallel`` at a time."""
    if not _figures(options.run / "start"):
        first = _child(options, "start", 0, threads=os.cpu_count() or 1)
        while _alive(first):
            time.sleep(POLL_S)
    waiting = [
        (arm, seed)
        for seed, arm in product(options.seeds, options.arms)
        if not _figures(_folder(options, arm, seed))
    ]
    running: list[subprocess.Popen[bytes]] = []
    while waiting or running:
        while waiting and len(running) < options.parallel:
            arm, seed = waiting.pop(0)
            print(f"{arm}, seed {seed}; {len(waiting)} more wait", file=sys.stderr, flush=True)
            running.append(_child(options, arm, seed, threads=options.threads))
        time.sleep(POLL_S)
        running = [child for child in running if _alive(child)]


def start(options: argparse.Namespace) -> None:
    """Train the shared warm start and measure it."""
    given = [f"training.warm_start.adapter={options.warm_start}"] if options.warm_start else []
    job, close = _job(options, options.run / "start", given, seed=None)
    try:
        from sqlgrpo.models import load_model

        job.measure("warm_start", job.warm_start(load_model(job.config.model)))
    finally:
        close()


def train_arm(options: argparse.Namespace, arm: str, seed: int) -> None:
    """Train one arm with one seed, and measure its last weights."""
    from sqlgrpo.models import load_checkpoint

    adapter = options.warm_start or options.run / "start" / "warm_start"
    given = [
        f"training.warm_start.adapter={adapter}",
        f"training.max_minutes={options.minutes}",
        *ARMS[arm],
    ]
    job, close = _job(options, _folder(options, arm, seed), given, seed)
    try:
        model = job.warm_start(None)
        if arm == "sft":
            trained = _continue(job, model, options.minutes)
        else:
            job.reinforce(model)
            trained = job.run.best
        fast = replace(job.config, training=replace(job.config.training, fast=True))
        replace(job, config=fast).measure(arm, load_checkpoint(job.config.model, trained))
    finally:
        close()


def _continue(job: Any, model: Any, minutes: float) -> Path:
    """More supervised fine-tuning, on the examples that the other arms train on."""
    from sqlgrpo.progress import phase
    from sqlgrpo.training.warm_start import steps, warm_start

    training = job.config.training
    longer = replace(training.warm_start, max_minutes=minutes, **CONTINUED)
    config = replace(job.config, training=replace(training, warm_start=longer))
    with phase(job.console, "sft", steps(config, len(job.data.train))) as report:
        warm_start(model, job.tokenizer, job.data.train, job.environment, config, job.run, report)
    return job.run.warm_start


def _job(
    options: argparse.Namespace, folder: Path, given: Sequence[str], seed: int | None
) -> tuple[Any, Any]:
    """A ``Job`` on the study's split; ``seed`` is that of training alone."""
    from rich.console import Console

    from sqlgrpo.cli import quiet_libraries
    from sqlgrpo.config import Config
    from sqlgrpo.environments import build_environment
    from sqlgrpo.models import load_tokenizer
    from sqlgrpo.rubrics import build_rubric
    from sqlgrpo.settings import read
    from sqlgrpo.training.examples import prepare
    from sqlgrpo.training.grpo import Job
    from sqlgrpo.training.run_folder import RunFolder

    quiet_libraries()
    console = Console(stderr=True)
    config = read(settings(options.overrides, folder, given), kind=Config)
    environment = build_environment(config.environment, build_rubric(config.verifier))
    run = RunFolder.open(config)
    tokenizer = load_tokenizer(config.model)
    data = prepare(config, environment, tokenizer, run, console)
    seeded = config if seed is None else replace(config, seed=seed)
    job = Job(seeded, run, environment, tokenizer, data, console)
    return job, environment.rubric.judge.close


def settings(overrides: Sequence[str], folder: Path, given: Sequence[str]) -> list[str]:
    """An arm's own settings come last, so that no override turns one arm into another."""
    return [*DEFAULTS, *overrides, f"output_dir={folder}", *given]


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """Suite accuracy of every run, and every arm against the warm start and against ours."""
    base = right(options.run / "start", "warm_start")
    before = fmean(base.values())
    answers = {arm: runs for arm in options.arms if (runs := finished(options, arm))}
    arms: dict[str, Any] = {}
    for arm, runs in answers.items():
        shares = [fmean(run.values()) for run in runs.values()]
        arms[arm] = {
            "seeds": list(runs),
            "suite_accuracy": shares,
            "exact_match": [figure(_folder(options, arm, s), arm, "exact_match") for s in runs],
            "mean": fmean(shares),
            "gain": fmean(shares) - before,
            "steps": [_steps(_folder(options, arm, seed)) for seed in runs],
            "against_warm_start": paired([base] * len(runs), list(runs.values())),
        }
        common = [seed for seed in runs if seed in answers.get("ours", {})]
        if arm != "ours" and common:
            ours = [answers["ours"][seed] for seed in common]
            arms[arm]["ours_against_it"] = paired([runs[seed] for seed in common], ours)
    exact = figure(options.run / "start", "warm_start", "exact_match")
    started = {"suite_accuracy": before, "exact_match": exact, "n": len(base)}
    return {"warm_start": started, "arms": arms}


def finished(options: argparse.Namespace, arm: str) -> dict[int, dict[str, bool]]:
    """By seed: which questions the arm's last weights answer rightly."""
    folders = {seed: _folder(options, arm, seed) for seed in options.seeds}
    return {seed: right(folder, arm) for seed, folder in folders.items() if _figures(folder)}


def _folder(options: argparse.Namespace, arm: str, seed: int) -> Path:
    return Path(options.run) / f"{arm}_seed{seed}"


def _figures(folder: Path) -> bool:
    return (folder / "evaluation.json").is_file()


def _steps(folder: Path) -> int:
    return sum("loss" in row for row in rows(folder / "metrics.jsonl"))


def _child(
    options: argparse.Namespace, kind: str, seed: int, *, threads: int
) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, *options.overrides, "--child", kind, "--seeds", str(seed)]
    command += ["--minutes", str(options.minutes), "--run", str(options.run)]
    command += ["--warm-start", str(options.warm_start)] if options.warm_start else []
    log = (options.run / f"{kind}_seed{seed}.log").open("ab")
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)


def _alive(child: subprocess.Popen[bytes]) -> bool:
    status = child.poll()
    if status:
        raise SystemExit(f"an arm failed with status {status}; see the .log files")
    return status is None


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "arms": options.arms,
        "seeds": options.seeds,
        "minutes_per_arm": options.minutes,
        "arms_at_a_time": options.parallel,
        "threads_per_arm": options.threads,
        "overrides": [*DEFAULTS, *(o for o in options.overrides if "path" not in o)],
        "sft": CONTINUED,
        "data": next((Path(o).name for o in options.overrides if o.startswith("data.path=")), ""),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", help="such as data.path=FILE")
    parser.add_argument("--run", type=Path, default=Path("outputs/learning_study"))
    parser.add_argument("--warm-start", type=Path, help="folder of an adapter to start from")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS)[:4])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--minutes", type=float, default=12.0, help="training time of an arm")
    parser.add_argument("--parallel", type=int, default=1, help="arms at a time")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--report", action="store_true", help="only figures of finished arms")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
