"""Try every gold before anything is trained on it.

A gold must be readable, fit its schema, run, differ from trivial queries on some database, and
earn the full reward. The others are quarantined with a class and a reason. Reading takes well
under a millisecond; building databases takes most of the time, is spread over worker processes,
and is kept in ``verifier.suite.cache_dir``, so an audit that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from rich.console import Console

from sqlgrpo.data.defects import check
from sqlgrpo.data.kinds import broken
from sqlgrpo.data.loaded import Loaded, Quarantined, as_row
from sqlgrpo.data.repairs import retyped
from sqlgrpo.data.report import Audit
from sqlgrpo.data.rivals import rivals
from sqlgrpo.errors import ExampleError
from sqlgrpo.progress import phase
from sqlgrpo.rubrics import Rubric
from sqlgrpo.types import Example, Parsed

CHUNK = 64  # examples whose databases are built together; progress moves in these steps
FULL_REWARD = 1.0 - 1e-9


def audit(
    examples: Sequence[Example],
    rubric: Rubric,
    *,
    loaded: Loaded | None = None,
    extra: Sequence[Quarantined] = (),
    console: Console | None = None,
) -> Audit:
    """Sort examples into kept and quarantined, in order.

    ``loaded`` adds what the loader refused and repaired, ``extra`` rows that the caller refused.
    """
    start = time.monotonic()
    kept: list[Example] = []
    refused: list[Quarantined] = []
    with phase(console or Console(stderr=True), "audit", len(examples)) as report:
        for chunk in _chunks(examples):
            sound = _sift(chunk, check, refused)
            rubric.judge.prefetch([(sql, e) for e in sound for sql in (e.gold_sql, *rivals(e))])
            kept += _sift(sound, lambda example: prove(example, rubric), refused)
            report.advance(len(chunk))
    loaded = loaded or Loaded(examples=[])
    quarantined = [*loaded.quarantined, *extra, *refused]
    repaired = _repaired(loaded, [*kept, *quarantined])
    return Audit(
        kept=kept,
        quarantined=quarantined,
        repaired=repaired + Counter(infer_types=sum(map(retyped, kept))),
        duplicates=loaded.duplicates,
        audited=len(examples),
        seconds=time.monotonic() - start,
    )


def prove(example: Example, rubric: Rubric) -> None:
    """Raise ``ExampleError`` when the gold does not earn what only a right answer should earn."""
    judge = rubric.judge
    if example.database is not None and not judge.matches_real(example.gold_sql, example):
        name = example.database.name
        raise broken("gold_not_repeatable", f"the gold does not match itself on {name}")
    for rival in rivals(example):
        if judge.judge(rival, example).equivalent:
            raise broken("gold_indistinct", f"no database tells the gold from {rival!r:.200}")
    score = rubric.score(Parsed(sql=example.gold_sql), example)
    if score.reward < FULL_REWARD:
        failed = [verdict for verdict in score.verdicts if verdict.score < FULL_REWARD]
        reasons = "; ".join(f"{verdict.verifier}: {verdict.reason}" for verdict in failed)
        raise broken("gold_not_rewarded", f"the gold earns {score.reward:.2f} ({reasons})")


def _repaired(loaded: Loaded, rows: Sequence[Example | Quarantined]) -> Counter[str]:
    """How many of these rows were changed on the way in; of others nothing is said."""
    here = {row.id for row in rows}
    return Counter({kind: len(ids & here) for kind, ids in loaded.repaired.items()})


def _chunks(examples: Sequence[Example]) -> list[Sequence[Example]]:
    return [examples[at : at + CHUNK] for at in range(0, len(examples), CHUNK)]


def _sift(
    examples: Sequence[Example], test: Callable[[Example], None], refused: list[Quarantined]
) -> list[Example]:
    """The examples that pass; the others are added to ``refused``."""
    passed: list[Example] = []
    for example in examples:
        try:
            test(example)
        except ExampleError as error:
            refused.append(
                Quarantined(id=example.id, kind=error.kind, reason=str(error), row=as_row(example))
            )
        else:
            passed.append(example)
    return passed
