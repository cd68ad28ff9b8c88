"""How often the verifier is wrong, beside three usual comparisons in the same run.

    python benchmarks/verifier_quality.py --spider FILE --wikisql FILE --output FILE

(a) the adversarial set, every label proved; (b) mutants of Spider golds that a database holding
the real, lawful rows separates, so accepting one is certainly wrong, and rewrites of the golds that
keep their meaning; (c) real predictions with a
published verdict on one real table. Exit status 1 when a promised figure is missed.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import percent, rate, write_result
from oracle.prove import read_pairs
from oracle.search import GoldError, Pair
from real_data import Case, spider_mutants, spider_rewrites, wikisql_predictions
from rivals import RIVALS, accepted_by
from sqlgrpo.config import SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

PROMISED = {"adversarial_fp": 0.01, "adversarial_fn": 0.01, "spider_mutants_fp": 0.003}
BATCH = 200
SEARCHED = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One case with our verdict (``None`` when the example is called broken) and the rivals'."""

    case: Case
    accepted: bool | None
    reason: str
    rivals: dict[str, bool]


def main() -> int:
    """Exit status 1 when a promised figure is missed."""
    options = _options()
    started = time.monotonic()
    judge = Judge(suite=SuiteConfig(workers=options.workers, seed=options.seed))
    figures: dict[str, Any] = {}
    adversarial = read_pairs()
    figures |= _adversarial(judged(judge, map(_as_case, adversarial)), adversarial)
    if options.spider:
        cases = spider_mutants(options.spider, options.golds, options.per_gold, options.seed)
        figures |= _certain("spider_mutants", judged(judge, cases))
        same = spider_rewrites(options.spider, options.golds, 3, options.seed + 1)
        figures |= _same("spider_rewrites", judged(judge, same))
    if options.wikisql:
        figures |= _real("wikisql", judged(judge, wikisql_predictions(options.wikisql)))
    judge.close()
    settings = {key: value for key, value in vars(options).items() if key != "output"}
    settings = {k: v.name if isinstance(v, Path) else v for k, v in settings.items()}
    settings["seconds"] = round(time.monotonic() - started, 1)
    write_result(options.output, "verifier_quality", figures, settings=settings)
    missed = missed_figures(figures)
    shown = [f"{name}={percent(figures[name])}" for name in PROMISED if name in figures]
    twins = f"twins={figures['twins_right']}/{figures['twins']}"
    print("; ".join([*shown, twins, f"missed: {', '.join(missed) or 'nothing'}"]))
    return int(bool(missed))


def missed_figures(figures: dict[str, Any]) -> list[str]:
    """The promised figures that were measured and not reached."""
    missed = [
        name for name, most in PROMISED.items() if name in figures and figures[name]["value"] > most
    ]
    return missed + ["twins"] * (figures["twins_right"] < figures["twins"])


def judged(judge: Judge, cases: Iterable[Case]) -> list[Judged]:
    """Our verdict and the rivals' on every case, in batches over the judge's workers."""
    found = []
    listed = list(cases)
    for start in range(0, len(listed), BATCH):
        batch = [(case, _example(case)) for case in listed[start : start + BATCH]]
        judge.prefetch([(case.pred, example) for case, example in batch])
        found += [_one(judge, case, example) for case, example in batch]
        print(f"\rjudged {len(found)}/{len(listed)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def _one(judge: Judge, case: Case, example: Example) -> Judged:
    rivals = accepted_by(case.schema, case.gold, case.pred)
    try:
        outcome = judge.judge(case.pred, example)
    except ExampleError as error:
        return Judged(case=case, accepted=None, reason=f"{error.kind}: {error}", rivals=rivals)
    return Judged(case=case, accepted=outcome.equivalent, reason=outcome.reason, rivals=rivals)


def _adversarial(found: Sequence[Judged], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Errors on the proved labels; an example that is called broken is an error of its side."""
    right = {one.case.id: one.accepted is one.case.match for one in found}
    twins = [row["id"] for row in rows if "twin" in row and row["match"]]
    by_id = {row["id"]: row for row in rows}
    both = sum(right[twin] and right[by_id[twin]["twin"]] for twin in twins)
    for one in found:
        if not right[one.case.id]:
            kind = "broken" if one.accepted is None else "FN" if one.case.match else "FP"
            _show(kind, one)
    figures = {**_errors("adversarial", found), "twins": len(twins), "twins_right": both}
    print(
        f"(a) adversarial: FP {percent(figures['adversarial_fp'])}, "
        f"FN {percent(figures['adversarial_fn'])}, twins {both}/{len(twins)}"
    )
    _print_rivals("adversarial", figures)
    return figures


def _certain(name: str, found: Sequence[Judged]) -> dict[str, Any]:
    """False positives on pairs that a lawful database separates; broken examples are left out."""
    kept = [one for one in found if one.accepted is not None]
    broken = {one.case.gold for one in found if one.accepted is None}
    for one in kept:
        if one.accepted:
            _show("FP", one)
    figures: dict[str, Any] = {
        f"{name}_fp": rate(sum(bool(one.accepted) for one in kept), len(kept)),
        f"{name}_golds": len({one.case.gold for one in kept}),
        f"{name}_golds_called_broken": len(broken),
    }
    for rival in RIVALS:
        figures[f"{name}_fp_{rival}"] = rate(sum(one.rivals[rival] for one in kept), len(kept))
    print(f"(b) {name}: FP {percent(figures[f'{name}_fp'])}; {len(broken)} golds called broken")
    _print_rivals(name, figures)
    return figures


def _same(name: str, found: Sequence[Judged]) -> dict[str, Any]:
    """False negatives on rewrites that keep the meaning; broken examples are left out."""
    kept = [one for one in found if one.accepted is not None]
    refused = [one for one in kept if not one.accepted]
    for one in refused:
        _show("FN", one)
    figures = {f"{name}_fn": rate(len(refused), len(kept))}
    for rival in RIVALS:
        wrong = sum(not one.rivals[rival] for one in kept)
        figures[f"{name}_fn_{rival}"] = rate(wrong, len(kept))
    print(f"    {name}: FN {percent(figures[f'{name}_fn'])}")
    return figures


def _real(name: str, found: Sequence[Judged]) -> dict[str, Any]:
    """Disagreement with a published verdict on one table, settled by search where that can be.

    Accepting what the table separates is wrong. Rejecting what agrees on the table is right when
    another lawful database separates the two queries, so those are searched for one.
    """
    kept = [one for one in found if one.accepted is not None]
    different = [one for one in kept if not one.case.match]
    same = [one for one in kept if one.case.match]
    rejected = [one for one in same if not one.accepted]
    unexplained = [one for one in rejected if not _separable(one.case)]
    for one in (one for one in different if one.accepted):
        _show("FP", one)
    for one in unexplained:
        _show("unexplained rejection", one)
    for one in random.Random(0).sample(rejected, min(5, len(rejected))):
        _show("sample of rejections that agree on the table", one)
    figures: dict[str, Any] = {
        f"{name}_fp": rate(sum(bool(one.accepted) for one in different), len(different)),
        f"{name}_rejected_though_same_on_one_table": rate(len(rejected), len(same)),
        f"{name}_rejected_and_not_separated_by_search": rate(len(unexplained), len(same)),
        f"{name}_called_broken": len(found) - len(kept),
    }
    for rival in RIVALS:
        wrong = sum(one.rivals[rival] for one in different)
        figures[f"{name}_fp_{rival}"] = rate(wrong, len(different))
    print(
        f"(c) {name}: FP {percent(figures[f'{name}_fp'])}; rejected though one table agrees "
        f"{len(rejected)}/{len(same)}, of which no search separates {len(unexplained)}"
    )
    _print_rivals(name, figures)
    return figures


def _errors(name: str, found: Sequence[Judged]) -> dict[str, Any]:
    wrong = [one for one in found if not one.case.match]
    right = [one for one in found if one.case.match]
    figures: dict[str, Any] = {
        f"{name}_fp": rate(sum(one.accepted is not False for one in wrong), len(wrong)),
        f"{name}_fn": rate(sum(one.accepted is not True for one in right), len(right)),
    }
    for rival in RIVALS:
        figures[f"{name}_fp_{rival}"] = rate(sum(one.rivals[rival] for one in wrong), len(wrong))
        refused = sum(not one.rivals[rival] for one in right)
        figures[f"{name}_fn_{rival}"] = rate(refused, len(right))
    return figures


def _separable(case: Case) -> bool:
    try:
        return Pair(case.schema, case.gold, case.pred).search(SEARCHED, seconds=5.0) is not None
    except (GoldError, sqlite3.Error, ValueError):
        return False


def _print_rivals(name: str, figures: dict[str, Any]) -> None:
    for rival in RIVALS:
        missed = figures.get(f"{name}_fn_{rival}")
        shown = f", FN {percent(missed)}" if missed else ""
        print(f"    {rival}: FP {percent(figures[f'{name}_fp_{rival}'])}{shown}")


def _show(kind: str, one: Judged) -> None:
    print(f"  {kind}: {one.case.id}\n    gold {one.case.gold}\n    pred {one.case.pred}")
    if one.reason:
        print(f"    we say: {one.reason}")


def _as_case(row: dict[str, Any]) -> Case:
    return Case(**{key: row[key] for key in ("id", "schema", "gold", "pred", "match")})


def _example(case: Case) -> Example:
    return Example(id=case.id, question="", schema=case.schema, gold_sql=case.gold)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spider", type=Path, help="JSON lines with context, answer and db")
    parser.add_argument("--golds", type=int, default=700, help="Spider golds to mutate")
    parser.add_argument("--per-gold", type=int, default=10, help="mutants tried for each gold")
    parser.add_argument("--wikisql", type=Path, help="answer, pred, execution_match")
    parser.add_argument("--workers", type=int, default=0, help="0 means one per core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
