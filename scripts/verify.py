"""Verify predictions against golds, from the schema alone; needs no model and no torch.

python scripts/verify.py --input pairs.jsonl --output verdicts.jsonl

Each input line: {"schema", "gold", "pred", "id"?, "dialect"?, "db"?}, where pred is SQL, not a
completion around it. Each output line, in order: {"id", "match", "reason", "verdicts",
"counterexample"}; "match" is null when the pair is broken. Lines that are not JSON objects end in
exit status 2, after all others have their verdicts.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TextIO

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.pairs import Tally, read_pairs, verify
from sqlgrpo.progress import phase
from sqlgrpo.types import Quirks

SHOWN = 10
"""Broken pairs that are named on standard error."""


def positive(text: str) -> float:
    """A number of seconds above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, found {text}")
    return value


def count(text: str) -> int:
    """A whole number, 0 included."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, found {text}")
    return value


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--input", type=Path, required=True, help="pairs, one JSON object a line")
    parser.add_argument("--output", type=Path, required=True, help="verdicts, one a line")
    parser.add_argument("--timeout", type=positive, default=2.0, help="processor seconds per query")
    parser.add_argument("--workers", type=count, default=0, help="processes; 0 is one per core")
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
            opened(args.output) as output,
            phase(console, "verifying", len(pairs)) as report,
        ):
            tally = verify(pairs, judge, output, report.advance)
    finally:
        judge.close()
    tell(tally)


def opened(path: Path) -> TextIO:
    """The output file, in a folder that is made if it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--output: cannot write {path} ({error.strerror})") from None


def tell(tally: Tally) -> None:
    """Sum up on standard error; ``ConfigError`` if a line could not be read."""
    pairs = f"{tally.pairs} pair{'s' * (tally.pairs != 1)}"
    broken = len(tally.broken)
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    say(f"{pairs}: {tally.matched} match, {broken} broken")
    for reason in tally.broken[:SHOWN]:
        say(f"  {reason}")
    if broken > SHOWN:
        say(f'  and {broken - SHOWN} more: see "error" in the output')
    if tally.unreadable:
        raise ConfigError(
            f"{len(tally.unreadable)} unreadable: {'; '.join(tally.unreadable[:SHOWN])}"
        )


if __name__ == "__main__":
    main()
