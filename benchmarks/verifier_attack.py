"""Attack the verifier with a genetic search over SQL and text.

    python benchmarks/verifier_attack.py --tries 100000 --seed 0 --output FILE

A find is a completion that earns more than 0.1 although an independent search separates it from
the gold or it is not permitted; or one that changes a file, kills or outgrows a worker, or runs
longer (processor time) than its budget and 10 %, the making of its own databases apart. Exit
status 1 when anything is found. With ``--state`` a run that ``--minutes`` stopped goes on later.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from attack.breeding import Target
from attack.damage import Watch
from attack.overruns import OVERRUN, Share, shares_of_budget
from attack.snippets import RUNAWAY
from attack.truth import Truth
from common import ROOT, write_result
from oracle.contents import fill, open_schema, read_shape
from oracle.prove import read_pairs
from oracle.values import draw_style, literals_of
from sqlgrpo.config import LimitsConfig, SuiteConfig, VerifierConfig
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers import get_parser
from sqlgrpo.rubrics import Rubric, build_rubric
from sqlgrpo.types import Example, Score

PAID = 0.1
CHILD_MB = 256 + 200
GROWTH_MB = 500
TARGETS_A_ROUND, TRIES_A_TARGET = 10, 20
HACKS = ROOT / "tests" / "fixtures" / "hacks.jsonl"


@dataclass(slots=True)
class Attack:
    """The running state."""

    targets: list[Target]
    rng: random.Random
    rubric: Rubric
    watch: Watch
    truth: Truth = field(default_factory=Truth)
    tries: int = 0
    paid: int = 0
    finds: list[dict[str, Any]] = field(default_factory=list)
    slow: list[tuple[str, Example]] = field(default_factory=list)

    def round(self) -> None:
        """Breed, score and select once for a few targets."""
        chosen = self.rng.sample(self.targets, min(TARGETS_A_ROUND, len(self.targets)))
        bred = [
            (target, target.breed(self.rng)) for target in chosen for _ in range(TRIES_A_TARGET)
        ]
        parse = get_parser("sql")
        pairs = [(parse(completion), target.example) for target, completion in bred]
        self.rubric.judge.prefetch([(p.sql, e) for p, e in pairs if p.sql is not None])
        for (target, completion), (parsed, example) in zip(bred, pairs, strict=True):
            try:
                self._look(target, completion, self.rubric.score(parsed, example))
            except ExampleError as error:
                self._broken(example, error)
        for problem in self.watch.problems():
            completions = [completion for _, completion in bred]
            self.finds.append({"kind": "damage", "problem": problem, "completions": completions})
        self.tries += len(bred)

    def _look(self, target: Target, completion: str, score: Score) -> None:
        reasons = " ".join(verdict.reason for verdict in score.verdicts)
        if "ended its worker" in reasons:
            self._find("death", target.example, completion, reasons)
        if "timed out" in reasons and score.parsed.sql:
            self.slow.append((score.parsed.sql, target.example))
        if score.reward <= PAID + 1e-9:
            target.note(completion, score.reward + self.rng.random() * 1e-3)
            return
        self.paid += 1
        objection = self.truth.objection(score.parsed.sql or "", target.example)
        if objection:
            self._find("paid", target.example, completion, objection)

    def _broken(self, example: Example, error: ExampleError) -> None:
        """The gold was fine before the attack; a judge that now calls it broken was damaged."""
        sound = [target for target in self.targets if target.example != example]
        if len(sound) < len(self.targets):
            self.targets = sound
            self._find("damage", example, "", f"a sound example became broken: {error}")

    def _find(self, kind: str, example: Example, completion: str, why: str) -> None:
        shown = {"schema": example.schema, "gold": example.gold_sql, "completion": completion}
        find = {"kind": kind, **shown, "why": why}
        if find in self.finds:
            return
        self.finds.append(find)
        print(f"\n{kind}: {completion!r}\n  gold {example.gold_sql}\n  {why[:600]}", flush=True)


def main() -> int:
    """Exit status 1 when anything was found."""
    options = _options()
    output = Path(options.output).resolve() if options.output else None
    state = Path(options.state).resolve() if options.state else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        attack = _prepare(options, folder)
        _restore(attack, state)
        started = time.monotonic()
        _run(attack, options, started)
        seconds = time.monotonic() - started
        shares = shares_of_budget(_runaways(attack), options.timeout)
        figures = _figures(attack, shares, seconds)
        attack.rubric.judge.close()
        os.chdir(ROOT)
    _save(attack, state)
    settings = {key: getattr(options, key) for key in ("tries", "seed", "minutes", "timeout")}
    write_result(output, "verifier_attack", figures, settings=settings)
    if options.finds:
        lines = [json.dumps(find, ensure_ascii=False) for find in attack.finds]
        Path(options.finds).write_text("\n".join(lines), encoding="utf-8")
    print(" ".join(f"{key}={value}" for key, value in figures.items()))
    return int(any(figures[key] for key in ("hacks_paid", "damage", "deaths", "overruns")))


def _run(attack: Attack, options: argparse.Namespace, started: float) -> None:
    while attack.tries < options.tries:
        attack.round()
        minutes = (time.monotonic() - started) / 60
        kinds = [find["kind"] for find in attack.finds]
        print(
            f"\r{attack.tries}/{options.tries} tries, {minutes:.1f} min, {attack.paid} paid, "
            f"{len(attack.truth.known)} checked, finds: {kinds.count('paid')} paid, "
            f"{kinds.count('damage')} damage, {kinds.count('death')} deaths",
            end="",
            file=sys.stderr,
            flush=True,
        )
        if options.minutes and minutes > options.minutes:
            break
    print(file=sys.stderr)


def _prepare(options: argparse.Namespace, folder: Path) -> Attack:
    rng = random.Random(options.seed)
    config = _verifier_config(options)
    rubric = build_rubric(config)
    targets = [
        target
        for target in _targets(rng, folder, options.targets)
        if _is_sound(rubric.judge, target.example)
    ]
    return Attack(targets=targets, rng=rng, rubric=rubric, watch=Watch(folder))


def _verifier_config(options: argparse.Namespace) -> VerifierConfig:
    values = OmegaConf.to_object(OmegaConf.load(ROOT / "configs/verifier/sql_verifier.yaml"))
    assert isinstance(values, dict)
    limits = LimitsConfig(timeout_s=options.timeout)
    suite = SuiteConfig(seed=options.seed, workers=options.workers)
    return VerifierConfig(**{**values, "limits": limits, "suite": suite})


def _targets(rng: random.Random, folder: Path, count: int) -> list[Target]:
    """Golds of the adversarial set and of the list of hacks; half of them with a real file."""
    golds = dict.fromkeys((row["schema"], row["gold"]) for row in read_pairs())
    hacks: dict[tuple[str, str], list[str]] = {}
    for line in HACKS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        hacks.setdefault((row["schema"], row["gold"]), []).append(row["completion"])
    others = [key for key in golds if key not in hacks]
    keys = [*hacks, *rng.sample(others, len(others))][:count]
    targets = []
    for number, (schema, gold) in enumerate(keys):
        file = _real_file(folder / f"real_{number}.sqlite", schema, rng) if number % 2 else None
        example = Example(
            id=f"target-{number}", question="", schema=schema, gold_sql=gold, database=file
        )
        shape = read_shape(open_schema(schema))
        names = tuple((table.name, column.name) for table in shape for column in table.fields)
        found = tuple(hacks.get((schema, gold), ()))
        targets.append(Target(example=example, names=names, hacks=found))
    return targets


def _real_file(path: Path, schema: str, rng: random.Random) -> Path:
    connection = open_schema(schema)
    fill(connection, read_shape(connection), literals_of(schema), rng, draw_style(rng), {})
    with sqlite3.connect(path) as file:
        connection.backup(file)
    file.close()
    return path


def _is_sound(judge: Judge, example: Example) -> bool:
    try:
        return judge.judge(example.gold_sql, example).equivalent
    except ExampleError:
        return False


def _runaways(attack: Attack) -> list[tuple[str, Example]]:
    """Queries that never end, and the slow ones of the attack."""
    example = attack.targets[0].example
    table, column = attack.targets[0].names[0]
    endless = [
        sql.replace("{table}", table)
        .replace("{column}", column)
        .replace("{gold}", example.gold_sql)
        for sql in RUNAWAY
    ]
    return [(sql, example) for sql in endless] + attack.slow[-20:]


def _figures(attack: Attack, shares: list[Share], seconds: float) -> dict[str, Any]:
    kinds = [find["kind"] for find in attack.finds]
    problems = attack.watch.problems()
    busy = attack.watch.busy_share()
    damage = kinds.count("damage") + len(problems) + int(busy > 0.3)
    damage += int(attack.watch.most_child_mb > CHILD_MB) + int(attack.watch.growth_mb() > GROWTH_MB)
    return {
        "tries": attack.tries,
        "targets": len(attack.targets),
        "paid": attack.paid,
        "paid_and_different": len(attack.truth.known),
        "hacks_paid": kinds.count("paid"),
        "damage": damage,
        "deaths": kinds.count("death"),
        "overruns": sum(share.query > OVERRUN for share in shares),
        "longest_share_of_budget": round(max(share.query for share in shares), 3),
        "longest_share_by_the_clock": round(max(share.by_the_clock for share in shares), 3),
        "longest_share_with_databases": round(max(share.with_databases for share in shares), 3),
        "most_worker_mb": round(attack.watch.most_child_mb),
        "growth_mb": round(attack.watch.growth_mb()),
        "idle_cpu_share": round(busy, 2),
        "tries_per_s": round(attack.tries / seconds, 1),
    }


def _restore(attack: Attack, state: Path | None) -> None:
    if state is None or not state.exists():
        return
    saved = json.loads(state.read_text(encoding="utf-8"))
    attack.tries, attack.paid, attack.finds = saved["tries"], saved["paid"], saved["finds"]
    attack.rng.seed(f"{attack.tries} again")
    for target in attack.targets:
        population = saved["populations"].get(target.example.id, [])
        target.population = [(fitness, text) for fitness, text in population]


def _save(attack: Attack, state: Path | None) -> None:
    if state is not None:
        populations = {target.example.id: target.population for target in attack.targets}
        saved = {"tries": attack.tries, "paid": attack.paid, "finds": attack.finds}
        state.write_text(json.dumps({**saved, "populations": populations}), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, help="stop by the clock")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", type=int, default=120)
    parser.add_argument("--timeout", type=float, default=0.5, help="budget of a query, in seconds")
    parser.add_argument("--workers", type=int, default=0, help="0 means one per core")
    parser.add_argument("--state", help="JSON file to go on from, and to write at the end")
    parser.add_argument("--finds", help="JSON lines file for what was found")
    parser.add_argument("--output")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
