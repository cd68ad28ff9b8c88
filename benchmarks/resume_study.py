"""Kill a run with SIGKILL at random moments, let it continue, and compare the final weights.

python benchmarks/resume_study.py --output results/resume_study.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import ROOT, write_result

CASE = ROOT / "tests" / "training" / "kill_case.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output")
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            [sys.executable, CASE, place, str(options.kills)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    figures = json.loads(done.stdout.splitlines()[-1])
    equal = (
        all(figures["earlier_lives_equal"])
        and figures["last_checkpoint_equal"]
        and figures["best_equal"]
        and figures["metrics_equal"]
    )
    settings = {"model": "random:tiny", "steps": 12, "checkpoint_every": 1, "signal": "SIGKILL"}
    write_result(options.output, "resume_study", figures, settings=settings)
    print(f"{figures['kills']} kills: final weights {'equal' if equal else 'DIFFER'}")
    return int(not equal)


if __name__ == "__main__":
    sys.exit(main())
