"""Prove every label of the adversarial set on thousands of random databases.

python benchmarks/prove_adversarial.py --databases 4000
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from multiprocessing import Pool
from typing import Any

from common import cores, write_result
from oracle.prove import problem_with, read_pairs


def main() -> int:
    """Exit status 1 when a label is not proved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=4_000, help="random databases per match")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output")
    options = parser.parse_args()
    rows = read_pairs()
    prove = partial(_prove, databases=options.databases, seed=options.seed)
    with Pool(cores()) as pool:
        problems = [found for found in pool.imap(prove, rows, chunksize=4) if found]
    for found in problems:
        print(found)
    figures = {
        "pairs": len(rows),
        "matches": sum(row["match"] for row in rows),
        "categories": len({row["category"] for row in rows}),
        "twin_pairs": sum("twin" in row for row in rows) // 2,
        "not_proved": len(problems),
    }
    write_result(options.output, "prove_adversarial", figures, settings=vars(options))
    print(" ".join(f"{name}={value}" for name, value in figures.items()))
    return int(bool(problems))


def _prove(row: dict[str, Any], databases: int, seed: int) -> str:
    problem = problem_with(row, databases, seed)
    return f"{row['id']}: {problem}" if problem else ""


if __name__ == "__main__":
    sys.exit(main())
