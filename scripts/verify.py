"""Verify predictions against golds, from the schema alone; needs no model and no torch.

python scripts/verify.py --input pairs.jsonl --output verdicts.jsonl

Each input line: {"schema", "gold", "pred", "id"?, "dialect"?, "db"?}. Each output line, in order:
{"id", "match", "reason", "verdicts", "counterexample"}; "match" is null when the pair is broken.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.evaluation.pairs import read_pairs, verify
from sqlgrpo.progress import phase
from sqlgrpo.types import Quirks


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--input", type=Path, required=True, help="pairs, one JSON object a line")
    parser.add_argument("--output", type=Path, required=True, help="verdicts, one a line")
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds per query and database")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 is one per core")
    parser.add_argument("--seed", type=int, default=0, help="seed of the generated databases")
    parser.add_argument("--cache", help="folder that keeps built suites")
    quirks = parser.add_argument_group("reading of careless SQL (default: strict)")
    quirks.add_argument("--infer-types", action="store_true")
    quirks.add_argument("--infer-keys", action="store_true")
    quirks.add_argument("--casefold-text", action="store_true")
    quirks.add_argument("--double-quoted-strings", action="store_true")
    return parser.parse_args()


@exit_on_error
def main() -> None:
    args = arguments()
    quirks = Quirks(
        infer_types=args.infer_types,
        infer_keys=args.infer_keys,
        casefold_text=args.casefold_text,
        double_quoted_strings=args.double_quoted_strings,
    )
    pairs = list(read_pairs(args.input, quirks))
    judge = Judge(
        limits=LimitsConfig(timeout_s=args.timeout),
        suite=SuiteConfig(seed=args.seed, workers=args.workers, cache_dir=args.cache),
    )
    try:
        with (
            args.output.open("w", encoding="utf-8") as output,
            phase(console, "verifying", len(pairs)) as report,
        ):
            matched, broken = verify(pairs, judge, output, report.advance)
    finally:
        judge.close()
    console.print(f"{len(pairs)} pairs: {matched} match, {broken} broken", highlight=False)


if __name__ == "__main__":
    main()
