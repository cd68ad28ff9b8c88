"""How many mutants of real golds their suites kill, of those that can be killed at all.

    python benchmarks/suite_quality.py --strict FILE --careless FILE --examples 1000 --output FILE

``--strict`` files are read as they stand, ``--careless`` ones as ``data=sql_create_context`` reads.

A mutant that no database of the suite separates from its gold is a survivor. Most mean the same as
the gold; the others count against the suite. Which is which is settled by two searches: more
databases of our own from other seeds, for every survivor, and the independent search of
``oracle``, for a few survivors of each gold (standing for the rest). A database that either finds
must satisfy the schema and leave nothing in the gold to chance. Intervals are bootstrapped over
golds. ``--start`` and ``--part`` measure in pieces: a piece adds to the file that it names.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from common import write_result
from oracle.search import GoldError, Pair
from real_data import read_rows
from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.contents import Contents
from sqlgrpo.databases.mutants import mutants
from sqlgrpo.databases.suite import Case, Search, Suite, read_case
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example, Quirks

PROMISED_SCORE, PROMISED_MS = 0.98, 150
CARELESS = Quirks(infer_types=True, casefold_text=True, double_quoted_strings=True)
"""How ``data=sql_create_context`` reads."""
MORE = 48
ORACLE_DATABASES, ORACLE_S = 400, 0.5
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One gold: its mutants, and the survivors that were killed after all."""

    id: str
    mutants: int = 0
    killed: int = 0
    killable: float = 0.0
    """Survivors that can be killed, as far as the two searches tell."""
    cpu_ms: float = 0.0
    families: tuple[str, ...] = ()
    """Of the survivors that were killed."""
    shown: tuple[str, ...] = ()
    problem: str = ""
    """Why the example is broken, or its suite uncertain."""


def main() -> int:
    """Exit status 1 when a promised figure is missed."""
    options = _options()
    figures: dict[str, Any] = {}
    missed = []
    files = [(path, Quirks()) for path in options.strict]
    files += [(path, CARELESS) for path in options.careless]
    for path, quirks in files:
        found = list(_measured(path, quirks, options))
        name = path.stem
        figures[name] = _figures(found)
        _show(name, found, figures[name], options.show)
        score, mean = figures[name]["score_of_killable"], figures[name]["build_cpu_ms_mean"]
        missed += [f"{name} score"] * (score["value"] < PROMISED_SCORE)
        missed += [f"{name} time"] * (mean > PROMISED_MS)
    kept = ("examples", "seed", "survivors")
    settings = {key: [p.name for p in getattr(options, key)] for key in ("strict", "careless")}
    settings |= {key: getattr(options, key) for key in kept}
    write_result(options.output, "suite_quality", figures, settings=settings)
    shown = [f"{name}={f['score_of_killable']['value']:.4f}" for name, f in figures.items()]
    print("; ".join([*shown, f"missed: {', '.join(missed) or 'nothing'}"]))
    return int(bool(missed))


def measure(row: dict[str, Any], quirks: Quirks, survivors: int, seed: int) -> Measured:
    """Build one example's suite, and try to kill what survives it."""
    example = Example(
        id=row["id"],
        question="",
        schema=row["context"],
        gold_sql=row["answer"],
        quirks=quirks,
    )
    config = SuiteConfig()
    begun = time.process_time()
    try:
        case = read_case(example, config)
        search = Search(case, CompareConfig(), LimitsConfig(), config)
        suite = search.suite()
    except ExampleError as error:
        return Measured(id=example.id, problem=error.kind)
    cpu_ms = 1000 * (time.process_time() - begun)
    rng = random.Random(f"{seed} {example.id}")
    schema = ";\n".join(case.blueprint.creates) if quirks != Quirks() else example.schema
    found = dict.fromkeys(_killed_by_more(search, suite, seed), 1.0)
    left = [sql for sql in suite.survivors if sql not in found]
    tried = rng.sample(left, min(survivors, len(left)))
    share = len(left) / len(tried) if tried else 0.0
    found |= {sql: share for sql in tried if _separable(case, search, schema, sql, suite.certain)}
    families = mutants(case.gold.tree, case.schema, casefold=case.blueprint.casefold)
    return Measured(
        id=example.id,
        mutants=suite.mutants,
        killed=suite.killed,
        killable=sum(found.values()),
        cpu_ms=cpu_ms,
        families=tuple(families.get(sql, "?") for sql in found),
        shown=tuple(f"{families.get(sql)}: {case.gold.sql}\n      {sql}" for sql in found),
        problem="" if suite.certain else "uncertain",
    )


def _killed_by_more(search: Search, suite: Suite, seed: int) -> Iterator[str]:
    """Survivors that further databases of our own kill."""
    alive = list(suite.survivors)
    if not alive:
        return
    for candidate in search.candidates(MORE, purpose=f"quality {seed}"):
        if candidate.certain or not suite.certain:
            killed = [sql for sql in alive if search.differs(candidate, sql)]
            alive = [sql for sql in alive if sql not in killed]
            yield from killed
        candidate.session.close()


def _separable(case: Case, search: Search, schema: str, sql: str, certain: bool) -> bool:
    """Whether the independent search finds a database that our own judge admits and separates."""
    try:
        pair = Pair(schema, case.gold.sql, sql)
        if pair.search(ORACLE_DATABASES, seconds=ORACLE_S) is None:
            return False
        candidate = search.open(_contents(case, pair.connection))
    except (GoldError, ExampleError, sqlite3.Error, ValueError, IndexError, AssertionError):
        return False
    differs = search.differs(candidate, sql) and (candidate.certain or not certain)
    candidate.session.close()
    return differs


def _contents(case: Case, connection: sqlite3.Connection) -> Contents:
    tables = []
    for table in case.schema.tables:
        name = table.name.replace('"', '""')
        rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
        if case.blueprint.casefold:
            rows = [tuple(v.lower() if isinstance(v, str) else v for v in row) for row in rows]
        tables.append(tuple(rows))
    return Contents(tuple(tables))


def _measured(path: Path, quirks: Quirks, options: argparse.Namespace) -> Iterator[Measured]:
    """From the part's file what it holds, the rest measured now, up to ``--most`` in all."""
    rows = read_rows(path)
    rows = random.Random(options.seed).sample(rows, min(options.examples, len(rows)))
    part = options.part / f"{path.stem}.jsonl" if options.part else None
    known: list[Measured] = []
    if part and part.exists():
        lines = part.read_text(encoding="utf-8").splitlines()
        known = [_restored(json.loads(line)) for line in lines]
    yield from known
    rest = rows[len(known) :][: options.most]
    work = partial(measure, quirks=quirks, survivors=options.survivors, seed=options.seed)
    with ProcessPoolExecutor(options.workers) as pool:
        for number, one in enumerate(pool.map(work, rest, chunksize=4), len(known) + 1):
            if part:
                part.parent.mkdir(parents=True, exist_ok=True)
                with part.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(one)) + "\n")
            print(f"\r{path.stem} {number}/{len(rows)}", end="", file=sys.stderr, flush=True)
            yield one
    print(file=sys.stderr)


def _restored(values: dict[str, Any]) -> Measured:
    found = Measured(**values)
    return replace(found, families=tuple(found.families), shown=tuple(found.shown))


def _figures(found: Sequence[Measured]) -> dict[str, Any]:
    kept = [one for one in found if one.mutants]
    times = sorted(one.cpu_ms for one in kept)
    rng = random.Random(0)
    scores = sorted(_score(rng.choices(kept, k=len(kept))) for _ in range(RESAMPLES))
    survived = sum(one.mutants - one.killed for one in kept)
    return {
        "examples": len(found),
        "broken": dict(Counter(one.problem for one in found if not one.mutants)),
        "uncertain": sum(one.problem == "uncertain" for one in found),
        "mutants": sum(one.mutants for one in kept),
        "survivors": survived,
        "survivors_killable": round(sum(one.killable for one in kept), 1),
        "score_of_killable": {
            "value": _score(kept),
            "low": scores[round(0.025 * RESAMPLES)],
            "high": scores[round(0.975 * RESAMPLES) - 1],
            "n": len(kept),
        },
        "golds_with_killable_survivors": sum(bool(one.killable) for one in kept),
        "build_cpu_ms_mean": round(sum(times) / len(times), 2),
        "build_cpu_ms_p50": round(times[len(times) // 2], 2),
        "build_cpu_ms_p99": round(times[int(0.99 * len(times))], 2),
    }


def _score(golds: Sequence[Measured]) -> float:
    killed = sum(one.killed for one in golds)
    return killed / (killed + sum(one.killable for one in golds))


def _show(name: str, found: Sequence[Measured], figures: dict[str, Any], most: int) -> None:
    print(f"{name}: {json.dumps(figures)}")
    families = Counter(family for one in found for family in one.families)
    print(f"  families of killable survivors: {families.most_common()}")
    for line in islice((line for one in found for line in one.shown), most):
        print(f"    {line}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strict", type=Path, action="append", default=[])
    parser.add_argument("--careless", type=Path, action="append", default=[])
    parser.add_argument("--examples", type=int, default=1_000)
    parser.add_argument("--survivors", type=int, default=2, help="given to the oracle, a gold")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--part", type=Path, help="folder that keeps what is measured so far")
    parser.add_argument("--most", type=int, help="measure at most so many now")
    parser.add_argument("--show", type=int, default=0, help="killable survivors to print")
    parser.add_argument("--output")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
