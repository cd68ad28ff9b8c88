"""The attack breeds completions, notices damage, and knows a paid query that did not deserve it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from attack.breeding import Target
from attack.damage import Watch, cpu_seconds, descendants, peak_mb, spent_seconds
from attack.overruns import shares_of_budget
from attack.snippets import RUNAWAY
from attack.truth import Truth
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="t",
    question="",
    schema="CREATE TABLE t (a INTEGER, b TEXT)",
    gold_sql="SELECT b FROM t WHERE a > 3",
)


def test_completions_are_varied_and_repeat_for_a_seed():
    def breed() -> list[str]:
        target, rng = (
            Target(example=EXAMPLE, names=(("t", "a"), ("t", "b")), hacks=("SELECT 1",)),
            random.Random(3),
        )
        found = []
        for _ in range(400):
            found.append(target.breed(rng))
            target.note(found[-1], rng.random())
        assert len(target.population) == 40
        return found

    completions = breed()
    assert len(set(completions)) > 250
    assert any("DROP TABLE t" in text for text in completions)
    assert any(text.startswith("```") for text in completions)
    assert completions == breed()


@pytest.mark.parametrize(
    ("sql", "objection"),
    [
        ("SELECT b FROM t WHERE 3 < a", ""),
        ("select B from T where a>3", ""),
        ("SELECT b FROM t WHERE a >= 3", "gives"),
        ("SELECT b FROM t WHERE a > 3 LIMIT 60", "gives"),
        ("DELETE FROM t RETURNING b", "not permitted"),
        ("SELECT b FROM t WHERE a > 3 AND RANDOM() IS NOT NULL", "not permitted"),
    ],
)
def test_only_a_query_that_nothing_separates_deserves_its_pay(sql, objection):
    found = Truth().objection(sql, EXAMPLE)
    assert objection in found
    assert bool(objection) is bool(found)


def test_a_file_that_appears_changes_or_goes_is_damage(tmp_path):
    (tmp_path / "data").write_text("1")
    watch = Watch(tmp_path)
    assert watch.problems() == []
    (tmp_path / "data").write_text("2")
    (tmp_path / "new").write_text("")
    assert watch.problems() == ["file data changed", "file new appeared"]
    assert watch.problems() == []
    (tmp_path / "data").unlink()
    assert watch.problems() == ["file data changed"]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")  # noqa: PTH110
def test_a_busy_child_is_seen(tmp_path):
    spin = "import time\nend = time.monotonic() + 20\nwhile time.monotonic() < end: pass"
    with subprocess.Popen([sys.executable, "-c", spin]) as child:
        try:
            watch = Watch(tmp_path)
            assert child.pid in descendants(os.getpid())
            assert peak_mb(child.pid) > 1
            assert watch.busy_share(1.5) > 0.02
            assert cpu_seconds(child.pid) > 0
        finally:
            child.kill()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")  # noqa: PTH110
def test_what_an_ended_grandchild_has_spent_is_counted():
    spin = "import time\nwhile time.process_time() < 0.4: pass"
    outer = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {spin!r}])\ninput()"
    before = spent_seconds()
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        deadline = time.monotonic() + 60
        while spent_seconds() - before < 0.4 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert spent_seconds() - before >= 0.4
        child.communicate(b"\n")


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")  # noqa: PTH110
def test_a_query_that_never_ends_takes_its_budget_and_little_more():
    (share,) = shares_of_budget([(RUNAWAY[0], EXAMPLE)], timeout_s=0.5)
    assert 0.9 < share.query < 1.2
    assert share.with_databases > 0.9
    assert share.by_the_clock > 0.9
