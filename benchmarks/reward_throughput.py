"""Verdicts per second and core, against the least that two queries and a comparison can cost.

    python benchmarks/reward_throughput.py --wikisql FILE --output FILE

Three ways take turns on the same batches of predictions, each example's suite already built and
open: the full suite, a suite of one database, and the floor (a cached connection to one database,
gold and prediction run, rows compared as multisets). A core's second is a second of processor
time, of this process and its workers together, so that a busy machine does not change the figure;
seconds by the clock are given beside it. Exit status 1 when a promised figure is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attack.damage import cpu_seconds, descendants
from common import write_result
from mutator import mutants
from oracle.contents import fill, open_schema, read_shape
from oracle.values import aims_of, draw_style, literals_of
from real_data import infer_schemas, read_rows
from sqlgrpo.config import DataConfig, SuiteConfig
from sqlgrpo.data.builtin import load_builtin
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

PROMISED = {"full_suite": 2_000, "one_database": 10_000}
GOLDS_A_BATCH = 25
Group = tuple[Example, list[str]]


@dataclass(slots=True)
class Clock:
    """Verdicts given, and the seconds that they took."""

    verdicts: int = 0
    core_s: float = 0.0
    wall_s: float = 0.0

    def time(self, count: int, work: Callable[[], None]) -> None:
        """Add one timed batch of ``count`` verdicts."""
        workers = descendants(os.getpid())  # the search for them is not part of the work
        core, wall = _core_seconds(workers), time.monotonic()
        work()
        self.wall_s += time.monotonic() - wall
        self.core_s += _core_seconds(workers) - core
        self.verdicts += count

    def figures(self, name: str) -> dict[str, float]:
        """Verdicts per second of a core and of the clock."""
        return {
            f"{name}_per_core_s": round(self.verdicts / max(self.core_s, 1e-9)),
            f"{name}_per_wall_s": round(self.verdicts / max(self.wall_s, 1e-9)),
        }


@dataclass(slots=True)
class Floor:
    """Connections to one random database of each schema, kept open."""

    connections: dict[str, sqlite3.Connection] = field(default_factory=dict)

    def open(self, example: Example) -> None:
        """Make the database of an example unless it is there."""
        if example.schema not in self.connections:
            connection = open_schema(example.schema)
            literals = literals_of(example.gold_sql)
            aims, rng = aims_of(example.gold_sql), random.Random(0)
            fill(connection, read_shape(connection), literals, rng, draw_style(rng), aims)
            self.connections[example.schema] = connection

    def judge(self, groups: Sequence[Group]) -> None:
        """Run gold and prediction for every verdict and compare the rows."""
        for example, predictions in groups:
            connection = self.connections[example.schema]
            for prediction in predictions:
                gold = connection.execute(example.gold_sql).fetchall()
                try:
                    found = connection.execute(prediction).fetchall()
                except (sqlite3.Error, sqlite3.Warning):
                    continue
                Counter(gold) == Counter(found)  # noqa: B015


def main() -> int:
    """Exit status 1 when a promised figure is missed."""
    options = _options()
    groups = list(_wikisql(options.wikisql) if options.wikisql else _builtin(options.golds))
    groups = groups[: options.golds]
    full = Judge(suite=SuiteConfig(workers=1))
    single = Judge(suite=SuiteConfig(workers=1, databases=1, own_databases=0))
    floor, build = Floor(), Clock()
    clocks = {"full_suite": Clock(), "one_database": Clock(), "floor": Clock()}
    for start in range(0, len(groups), GOLDS_A_BATCH):
        batch = groups[start : start + GOLDS_A_BATCH]
        build.time(len(batch), lambda batch=batch: _warm(full, batch))
        batch = [group for group in batch if _is_sound(full, group[0])]
        _warm(single, batch)
        for example, _ in batch:
            floor.open(example)
        count = sum(len(predictions) for _, predictions in batch)
        pairs = [(prediction, example) for example, found in batch for prediction in found]
        clocks["full_suite"].time(count, lambda pairs=pairs: full.prefetch(pairs))
        clocks["one_database"].time(count, lambda pairs=pairs: single.prefetch(pairs))
        clocks["floor"].time(count, lambda batch=batch: floor.judge(batch))
        print(f"\r{start + len(batch)}/{len(groups)} golds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    full.close()
    single.close()
    return _report(options, clocks, build)


def _report(options: argparse.Namespace, clocks: dict[str, Clock], build: Clock) -> int:
    figures: dict[str, Any] = {"verdicts": clocks["full_suite"].verdicts}
    for name, clock in clocks.items():
        figures |= clock.figures(name)
    figures["suite_build_core_ms"] = round(1000 * build.core_s / max(build.verdicts, 1), 1)
    data = options.wikisql.name if options.wikisql else "built-in mutants"
    settings = {"data": data, "golds": options.golds, "load_average": os.getloadavg()[0]}
    write_result(options.output, "reward_throughput", figures, settings=settings)
    missed = [name for name, least in PROMISED.items() if figures[f"{name}_per_core_s"] < least]
    shown = " ".join(f"{name}={value}" for name, value in figures.items())
    print(f"{shown}; missed: {', '.join(missed) or 'nothing'}")
    return int(bool(missed))


def _warm(judge: Judge, batch: Sequence[Group]) -> None:
    judge.prefetch([(example.gold_sql, example) for example, _ in batch])


def _is_sound(judge: Judge, example: Example) -> bool:
    try:
        judge.judge(example.gold_sql, example)
    except ExampleError:
        return False
    return True


def _wikisql(path: Path) -> Iterator[Group]:
    """Real predictions, grouped by gold as completions are grouped by prompt."""
    rows = read_rows(path)
    schemas = infer_schemas(rows)
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if row["db_id"] in schemas:
            groups.setdefault((schemas[row["db_id"]], row["answer"]), {})[row["pred"]] = None
    for number, ((schema, gold), predictions) in enumerate(groups.items()):
        example = Example(id=f"gold-{number}", question="", schema=schema, gold_sql=gold)
        yield example, list(predictions)


def _builtin(golds: int) -> Iterator[Group]:
    rng = random.Random(0)
    loaded = load_builtin(DataConfig(source="builtin", size=golds), seed=0)
    for example in loaded.examples:
        yield example, mutants(example.gold_sql, 8, rng)


def _core_seconds(workers: Sequence[int]) -> float:
    """Processor time of this process and its workers, to the nanosecond where the kernel tells."""
    if not Path("/proc/self/schedstat").exists():
        return time.process_time() + sum(cpu_seconds(pid) for pid in workers)
    exact = [Path(f"/proc/{pid}/schedstat").read_text().split()[0] for pid in workers]
    return time.process_time() + sum(map(int, exact)) / 1e9


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wikisql", type=Path, help="JSON lines with db_id, answer and pred")
    parser.add_argument("--golds", type=int, default=500)
    parser.add_argument("--output")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
