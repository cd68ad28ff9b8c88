"""How much faster a GRPO step is than stock TRL's, on one data set, alternating in one run.

    python benchmarks/step_speed.py --output results/step_speed_builtin.json
    python benchmarks/step_speed.py data=sql_create_context data.path=FILE training.autocast=null

Arguments without dashes are overrides of ``experiment=quickstart``, as for ``scripts/train.py``;
``training.warm_start.adapter=DIR`` takes a policy that was warm-started before. Both trainers get
the same weights and prompts; every round times, for each of them,

* forward and backward over the same completions (no completion skipped),
* rollouts: stock ``generate``, transformers' continuous batching, ours from the live weights and
  from the merged copy that training would sample from,
* whole steps: rollout, rewards from the verifiers, forward, backward, optimizer.

With ``+training.trl.num_iterations=2`` a step is one rollout and two passes over it, and ours is
timed once more computing the old log-probabilities again (``rescored``), as stock does.

A ratio is stock seconds over ours, round by round: its median, with the least and the largest.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from trl import GRPOTrainer

from common import write_result
from policies import Bench, opened
from sqlgrpo.cli import quiet_libraries
from sqlgrpo.config import Config
from sqlgrpo.inference.engine import RolloutEngine
from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions
from sqlgrpo.training.fast.forest import Rows, build

LONG_PROMPT = 150
"""Tokens from which a prompt counts as long (full DDL)."""
PROMISED = {"short": {"train": 5.0, "step": 4.0}, "long": {"train": 6.0, "step": 4.0}}


class Rescoring(FastGRPOTrainer):
    """Computes the log-probabilities of its own samples once more before it learns from them."""

    def _shared_rollout(self, *arguments: Any) -> Any:
        found = super()._shared_rollout(*arguments)
        self._sampled = None
        return found


def main() -> int:
    """Exit status 1 when a promised ratio is missed or memory grows."""
    options = _options()
    quiet_libraries()
    torch.set_num_threads(options.threads)
    policy = opened(options.overrides, options.rounds, options.run, quiet=bool(options.child))
    with policy as bench:
        if options.child:
            print(peak_memory_mb(bench, options.child))
            return 0
        # First, while this process is small: two steps of stock may fill a laptop's memory.
        peaks = memory(options, bench) if options.memory else {}
        figures = measure(bench, options.rounds, options.continuous) | peaks
    write_result(options.output, "step_speed", figures, settings=_settings(options, bench.config))
    missed = _missed(figures)
    shown = ", ".join(
        f"{name} {figure['value']:.2f}x ({figure['low']:.2f}-{figure['high']:.2f})"
        for name, figure in figures["faster"].items()
    )
    print(f"{shown}; missed: {', '.join(missed) or 'nothing'}")
    return int(bool(missed))


def measure(bench: Bench, rounds: int, continuous: int) -> dict[str, Any]:
    """Every figure of one data set."""
    stock = bench.trainer(GRPOTrainer)
    fast = bench.trainer(FastGRPOTrainer)
    unskipped = FastOptions(skip_flat=False)
    trainers = {"stock": stock, "fast": fast}
    rescored = {"rescored": bench.trainer(Rescoring)} if fast.num_iterations > 1 else {}
    steps = trainers | rescored
    batching = bench.trainer(GRPOTrainer, continuous=True) if continuous else None
    rollouts: dict[str, Callable[[list[list[int]]], Any]] = {
        "generate": lambda ids: stock._generate_single_turn(ids, None, {}, len(ids)),
        "shared_live": lambda ids: _engine(fast, "model").sample(fast.model, ids, None),
        "shared_copy": lambda ids: fast._generate_single_turn(ids, None, {}, len(ids)),
    }
    seconds: dict[str, list[float]] = {}
    sizes: list[dict[str, float]] = []
    for round_ in range(-1, rounds):  # the first is a rehearsal
        torch.manual_seed(round_ + 1)
        rows = bench.rows(max(round_, 0))
        batch = fast._generate_and_score_completions(rows)
        found = {name: clock(step, trainer, rows) for name, trainer in _order(steps, round_)}
        fast.fast = unskipped
        found |= {
            f"train_{name}": clock(forward_backward, trainer, batch)
            for name, trainer in _order(trainers, round_)
        }
        fast.fast = FastOptions()
        ids, *_ = fast._tokenize_prompts([row["prompt"] for row in rows])
        found |= {name: clock(run, ids) for name, run in _order(rollouts, round_)}
        if batching and round_ < continuous:
            run = batching._generate_single_turn
            found["continuous_batching"] = clock(run, ids, None, {}, len(ids))
        if round_ >= 0:
            sizes.append(_sizes(batch, fast))
            for name, spent in found.items():
                seconds.setdefault(name, []).append(spent)
        print(f"round {round_}: {_brief(found)}", file=sys.stderr, flush=True)
    return _figures(seconds, sizes)


def step(trainer: GRPOTrainer, rows: list[dict[str, Any]]) -> None:
    """Generation, rewards, and an optimizer step for each pass over them."""
    for _ in range(trainer.num_iterations):
        for _ in range(trainer.args.gradient_accumulation_steps):
            trainer.training_step(trainer.model, rows, None)
        torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), trainer.args.max_grad_norm)
        trainer.optimizer.step()
        trainer.optimizer.zero_grad()


def forward_backward(trainer: GRPOTrainer, batch: dict[str, Any]) -> None:
    """The loss and its gradient over given completions, micro-batch by micro-batch."""
    cuts = trainer.args.gradient_accumulation_steps
    size = len(batch["advantages"]) // cuts
    for cut in range(cuts):
        part = {
            name: value[cut * size : (cut + 1) * size] if value.dim() else value
            for name, value in batch.items()
        }
        trainer.compute_loss(trainer.model, part).backward()
    trainer.optimizer.zero_grad()


def _engine(fast: FastGRPOTrainer, sampling: str) -> RolloutEngine:
    return RolloutEngine(fast.model, fast.generation_config, fast.processing_class, sampling)


def _order(of: dict[str, Any], round_: int) -> Iterator[tuple[str, Any]]:
    items = list(of.items())
    yield from items if round_ % 2 else reversed(items)


def clock(run: Callable[..., Any], *arguments: Any) -> float:
    begin = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - begin


def _brief(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.items())


def _sizes(batch: dict[str, Any], fast: FastGRPOTrainer) -> dict[str, float]:
    """What a round held: lengths, distinct completions, flat groups, and tokens to compute."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    rows = Rows.read(ids, mask, batch["completion_ids"].shape[1], [True] * len(ids))
    packed = build(rows, ids.numel(), ids.device)
    groups = len(ids) // fast.num_generations
    distinct = len(set(zip(rows.prompts, rows.completions, strict=True)))
    advantages = batch["advantages"].view(groups, -1)
    return {
        "prompt_tokens": batch["prompt_mask"].sum(dim=1).float().mean().item(),
        "completion_tokens": batch["completion_mask"].sum(dim=1).float().mean().item(),
        "distinct_completions": distinct / groups,
        "flat_groups": (advantages == 0).all(dim=1).float().mean().item(),
        "stock_tokens": float(ids.numel()),
        "packed_tokens": float(packed.tokens),
    }


def _figures(seconds: dict[str, list[float]], sizes: list[dict[str, float]]) -> dict[str, Any]:
    pairs = {
        "train": ("train_stock", "train_fast"),
        "step": ("stock", "fast"),
        "step_against_rescored": ("rescored", "fast"),
        "rollout": ("generate", "shared_copy"),
        "rollout_live": ("generate", "shared_live"),
        "rollout_against_continuous_batching": ("continuous_batching", "shared_copy"),
    }
    return {
        "faster": {
            name: ratio(seconds[slow], seconds[quick])
            for name, (slow, quick) in pairs.items()
            if slow in seconds
        },
        "seconds": {name: median(values) for name, values in seconds.items()},
        "sizes": {name: median(size[name] for size in sizes) for name in sizes[0]},
    }


def ratio(slow: list[float], quick: list[float]) -> dict[str, float]:
    """The ratio of paired measurements (the first ones): median, extremes, number of rounds.

    >>> ratio([6.0, 8.0, 9.0], [1.0, 2.0, 3.0])
    {'value': 4.0, 'low': 3.0, 'high': 6.0, 'n': 3}
    """
    ratios = [a / b for a, b in zip(slow, quick, strict=False)]
    return {"value": median(ratios), "low": min(ratios), "high": max(ratios), "n": len(ratios)}


def memory(options: argparse.Namespace, bench: Bench) -> dict[str, Any]:
    """Peak resident memory of two steps, each trainer in a process of its own."""
    peaks = {}
    for kind in ("stock", "fast"):
        command = [sys.executable, __file__, "--child", kind, "--threads", str(options.threads)]
        overrides = [f"training.warm_start.adapter={bench.adapter}", *options.overrides]
        done = subprocess.run([*command, *overrides], check=True, stdout=subprocess.PIPE, text=True)
        peaks[kind] = float(done.stdout.strip().splitlines()[-1])
    return {"peak_memory_mb": peaks}


def peak_memory_mb(bench: Bench, kind: str) -> float:
    """Peak resident memory of this process after two steps of one trainer."""
    trainer = bench.trainer(FastGRPOTrainer if kind == "fast" else GRPOTrainer)
    for round_ in range(2):
        torch.manual_seed(round_)
        step(trainer, bench.rows(round_))
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss would count what the parent held when it started this process
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _missed(figures: dict[str, Any]) -> list[str]:
    kind = "long" if figures["sizes"]["prompt_tokens"] > LONG_PROMPT else "short"
    missed = [
        f"{name} {least:.0f}x"
        for name, least in PROMISED[kind].items()
        if figures["faster"][name]["value"] < least
    ]
    peaks = figures.get("peak_memory_mb")
    return missed + (["memory"] if peaks and peaks["fast"] > peaks["stock"] else [])


def _settings(options: argparse.Namespace, config: Config) -> dict[str, Any]:
    path = config.data.path
    return {
        "data": Path(path).name if path else config.data.source,
        "model": config.model.name,
        "autocast": config.training.autocast,
        "prompts": config.training.batch_size,
        "num_generations": config.training.num_generations,
        "passes": config.training.trl.get("num_iterations", 1),
        "max_completion_tokens": config.training.max_completion_tokens,
        "rounds": options.rounds,
        "threads": options.threads,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", help="such as data=jsonl data.path=FILE")
    parser.add_argument("--output")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument(
        "--continuous", type=int, default=1, help="rounds that also time continuous batching"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--run", help="folder that keeps the warm start for the next run")
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--child", choices=["stock", "fast"], help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
