"""Train in a child, kill -9 it at random moments, let it continue; then compare the weights.

    python tests/training/kill_case.py FOLDER KILLS

Prints a JSON line: how many kills landed, after which checkpoint each, and whether the weights are
equal. Moments are drawn as shares of the time that an uninterrupted run takes on this machine.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.training.tiny_run import run, same, weights

LAST = "checkpoint-12"
EXTRA = ("training.max_steps=12", "training.eval_every=1", "data.audit=false")


def start(folder: Path) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            run(folder, *EXTRA)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    return pid


def main(root: Path, kills: int) -> dict[str, object]:
    rng = random.Random(7)
    began = time.monotonic()
    assert os.waitpid(start(root / "whole"), 0)[1] == 0
    whole_s = time.monotonic() - began
    landed, at, lives = 0, [], []
    folder = root / "killed"
    while landed < kills:
        rows = size(folder)
        pid = start(folder)
        if landed % 4:  # three of four kills land in GRPO, the others anywhere
            while size(folder) == rows and not exited(pid):
                time.sleep(0.02)
            time.sleep(rng.uniform(0.0, 0.25) * whole_s)
        else:
            time.sleep(rng.uniform(0.1, 0.8) * whole_s)
        if exited(pid):  # it finished first: forget the end, so it goes on
            assert os.waitpid(pid, 0)[1] == 0
            lives.append(same(weights(root / "whole" / LAST), weights(folder / LAST)))
            shutil.rmtree(folder)
            continue
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        landed += 1
        at.append(max([0, *(int(p.name[11:]) for p in folder.glob("checkpoint-[0-9]*"))]))
    assert os.waitpid(start(folder), 0)[1] == 0
    return {
        "kills": landed,
        "after_checkpoint": at,
        "earlier_lives_equal": lives,
        "last_checkpoint_equal": same(weights(root / "whole" / LAST), weights(folder / LAST)),
        "best_equal": same(
            weights(root / "whole" / "checkpoint-best"), weights(folder / "checkpoint-best")
        ),
        "metrics_equal": metrics(root / "whole") == metrics(folder),
    }


def exited(pid: int) -> bool:
    """Is the child gone? It stays to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def size(folder: Path) -> int:
    file = folder / "metrics.jsonl"
    return file.stat().st_size if file.is_file() else 0


def metrics(folder: Path) -> list[tuple[str, int, float]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(r["stage"], r["step"], r["loss"]) for r in rows if "loss" in r]


if __name__ == "__main__":
    result = main(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(result) + "\n")
