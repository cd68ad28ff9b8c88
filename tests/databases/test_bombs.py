"""Queries that build much from little: stopped, and afterwards nothing is left of them."""

import os
import time
from pathlib import Path

import pytest

from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.databases.memory import PAGES

TIMEOUT_S = 0.3
MOST_MB, LEFT_MB = 256, 40
GOLD = "SELECT name FROM club"
BIG = "hex(zeroblob(499000))"
UP = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
HALF = "WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c) "
TWICE = ", ".join(f"c{n} AS (SELECT a.name FROM c{n - 1} a, c{n - 1} b)" for n in range(1, 16))
BOMBS = {
    "an endless count": f"{UP}SELECT COUNT(*) FROM c",
    "endless rows": f"{UP}SELECT n FROM c",
    "endless distinct rows": f"{HALF}SELECT COUNT(*) FROM c",
    "a queue of large rows": f"WITH RECURSIVE c(x) AS (SELECT {BIG} UNION ALL SELECT c.x FROM c, "
    "(SELECT 1 UNION ALL SELECT 2)) SELECT COUNT(*) FROM c",
    "a text that doubles": "WITH RECURSIVE c(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM c) "
    "SELECT COUNT(*) FROM c",
    "group_concat of a cross join": f"{UP}SELECT group_concat(a.n || b.n) FROM c a, c b",
    "a JSON array of large texts": f"{UP}SELECT json_group_array(hex(zeroblob(9000))) FROM c",
    "many groups": f"{UP}SELECT group_concat({BIG}) FROM (SELECT n FROM c LIMIT 9999) GROUP BY n",
    "large distinct keys": f"{UP}SELECT COUNT(DISTINCT hex(zeroblob(5000)) || n) FROM c",
    "a large sort": f"{UP}, d AS (SELECT n, {BIG} x FROM c LIMIT 9999) SELECT n FROM d ORDER BY x",
    "a window over large texts": f"{UP}SELECT group_concat(hex(zeroblob(9000))) OVER (ORDER BY n) "
    "FROM (SELECT n FROM c LIMIT 99999)",
    "one wide row": f"SELECT {', '.join([BIG] * 400)}",
    "wide rows": f"{UP}SELECT {', '.join([BIG] * 40)} FROM c",
    "wide rows of zeros": f"{UP}SELECT {', '.join(['zeroblob(999999)'] * 900)} FROM c",
    "rows below the cap": f"{UP}SELECT n, hex(zeroblob(n)) FROM c LIMIT 9999",
    "many large arguments": f"SELECT max({', '.join([BIG] * 120)})",
    "a precision": "SELECT printf('%.*c', 1000000000, 'x')",
    "zeros": "SELECT zeroblob(1000000000)",
    "zeros in hex": "SELECT hex(zeroblob(900000))",
    "replace on replace": "SELECT replace(replace(hex(zeroblob(1000)), '0', hex(zeroblob(100))), "
    "'0', hex(zeroblob(100)))",
    "a pattern": f"SELECT {BIG} LIKE '{'%0' * 200}%1'",
    "a search that cannot be interrupted": f"SELECT instr({BIG}, hex(zeroblob(240000)) || '1')",
    "CTEs that double": f"WITH c0 AS (SELECT name FROM club), {TWICE} SELECT COUNT(*) FROM c15",
    "a cross join": f"SELECT COUNT(*) FROM {', '.join(f'club c{n}' for n in range(30))}",
}
pytestmark = pytest.mark.skipif(not PAGES.exists(), reason="reads /proc")


@pytest.fixture(scope="module")
def judge():
    limits = LimitsConfig(timeout_s=TIMEOUT_S, max_memory_mb=MOST_MB)
    judge = Judge(limits=limits, suite=SuiteConfig(workers=1))
    yield judge
    judge.close()


def worker(judge):
    """The process that runs the queries; there is none while one takes another's place."""
    parent = judge._pool.workers[0].process.pid
    for _ in range(500):
        if children := Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError("no process runs the queries")


def memory_mb(pid, name):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def spent_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_stopped_and_leaves_neither_memory_nor_work_behind(bomb, judge, make_example):
    example = make_example(GOLD)
    same = "SELECT c.name FROM club c"
    assert judge.judge(same, example).equivalent
    before = worker(judge)
    memory_before_mb, spent_before_s = memory_mb(before, "VmRSS"), spent_s(before)
    assert not judge.judge(bomb, example).equivalent
    assert judge.judge(f"{same} WHERE '{len(bomb)}' <> ''", example).equivalent
    after = worker(judge)
    assert memory_mb(after, "VmHWM") < memory_before_mb + 1.5 * MOST_MB
    assert memory_mb(after, "VmRSS") < memory_before_mb + LEFT_MB
    if after == before:
        assert spent_s(after) - spent_before_s < 1.1 * TIMEOUT_S + 0.3
    idle_s = spent_s(after)
    time.sleep(0.05)
    assert spent_s(after) < idle_s + 0.05  # it may still be tidying up
