import os
import signal
import time
from pathlib import Path
from threading import Timer

import pytest

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge, Outcome, serving
from sqlgrpo.databases.bench import Bench
from sqlgrpo.databases.cache import Shelf
from sqlgrpo.databases.keys import identity
from sqlgrpo.databases.serving import Server, Settings, answers, pack, unpack
from sqlgrpo.databases.workers import Died, Failed, Pool, Task
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

HANG = "SELECT instr(hex(zeroblob(490000)), hex(zeroblob(240000)) || '1')"
FOREVER = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c"
SETTINGS = Settings(
    compare=CompareConfig(), limits=LimitsConfig(timeout_s=0.2), suite=SuiteConfig(workers=1)
)


@pytest.fixture(scope="module")
def hasty():
    judge = Judge(SETTINGS.compare, SETTINGS.limits, SETTINGS.suite)
    yield judge
    judge.close()


def supervisor(judge):
    return judge._pool.workers[0].process.pid


def child(judge):
    listed = Path(f"/proc/{supervisor(judge)}/task/{supervisor(judge)}/children").read_text()
    return int(listed)


def after(seconds, action, *arguments):
    timer = Timer(seconds, action, arguments)
    timer.start()
    return timer


def test_time_in_which_the_worker_does_not_run_is_not_counted(hasty, make_example):
    known = make_example("SELECT name FROM club WHERE founded > 1900")
    new = make_example("SELECT name FROM club WHERE founded > 1901")
    assert hasty.judge("SELECT name FROM club WHERE 1900 < founded", known).equivalent
    for example in (known, new):
        os.killpg(supervisor(hasty), signal.SIGSTOP)
        timer = after(1.0, os.killpg, supervisor(hasty), signal.SIGCONT)
        year = example.gold_sql[-4:]
        same = f"SELECT club.name FROM club WHERE NOT founded <= {year}"
        assert hasty.judge(f"{same} OR founded IS NULL AND 1 = 0", example).equivalent
        timer.join()


def test_an_ordinary_runaway_is_stopped_without_a_kill(hasty, make_example):
    example = make_example("SELECT name FROM club")
    assert hasty.judge("SELECT c.name FROM club c", example).equivalent
    before = child(hasty)
    assert hasty.judge(FOREVER, example).reason == "timed out after 0.2 s"
    assert child(hasty) == before


def test_after_a_kill_the_next_process_is_there_at_once(hasty, make_example):
    example = make_example("SELECT name FROM club")
    hasty.judge("SELECT 0", example)
    before = supervisor(hasty), child(hasty)
    started = time.monotonic()
    predictions = [f"{HANG} + {number}" for number in range(3)]
    hasty.prefetch([(sql, example) for sql in (*predictions, "SELECT x.name FROM club x")])
    spent_s = time.monotonic() - started
    assert {hasty.judge(sql, example).reason for sql in predictions} == {"timed out after 0.2 s"}
    assert hasty.judge("SELECT x.name FROM club x", example).equivalent
    assert supervisor(hasty) == before[0]
    assert child(hasty) != before[1]
    assert spent_s < 30  # 3 times 0.216 s of processor time, however many share the processor


@pytest.mark.parametrize("victim", [child, supervisor])
@pytest.mark.parametrize("delay_s", [0.0, 0.05])
def test_a_worker_killed_from_outside_costs_no_example_its_verdict(
    victim, delay_s, hasty, make_example
):
    gold = f"SELECT name FROM member WHERE age > 3{len(victim.__name__)}{delay_s * 100:.0f}"
    example = make_example(gold)
    hasty.judge(f"SELECT 1 -- {gold}", make_example("SELECT name FROM club"))  # it is there
    timer = after(delay_s, os.kill, victim(hasty), signal.SIGKILL)
    hasty.prefetch([(FOREVER, example), (f"{gold} AND age IS NOT NULL", example)])
    timer.join()
    assert hasty.judge(FOREVER, example).reason == "timed out after 0.2 s"
    assert hasty.judge(f"{gold} AND age IS NOT NULL", example).equivalent


def test_an_example_that_was_open_is_never_broken_by_a_death(hasty, make_example):
    sound = make_example("SELECT town FROM club")
    hasty.judge("SELECT 1", sound)
    dead = Died(-signal.SIGPROF, opening=True)
    with pytest.raises(RuntimeError, match="SELECT town FROM club"):
        hasty._note(identity(sound), "outcome", "SELECT 2", dead)
    assert hasty.judge("SELECT c.town FROM club c", sound).equivalent
    unknown = make_example("SELECT town FROM nowhere")
    with pytest.raises(RuntimeError, match="memory"):
        hasty._note(identity(unknown), "outcome", "SELECT 2", Died(-signal.SIGKILL, opening=True))


def test_a_hang_takes_nothing_from_the_others_in_its_parcel(hasty, make_example):
    golds = [f"SELECT name FROM member WHERE age > {age}" for age in range(40, 48)]
    examples = [make_example(gold) for gold in golds]
    hasty.prefetch([(example.gold_sql, example) for example in examples])  # suites are known
    pairs = [(f"{e.gold_sql} AND age IS NOT NULL", e) for e in examples]
    pairs.insert(5, (HANG, examples[2]))
    hasty.prefetch(pairs)
    found = [hasty.judge(sql, example) for sql, example in pairs]
    assert [outcome.equivalent for outcome in found] == [sql != HANG for sql, _ in pairs]
    assert found[5].reason == "timed out after 0.2 s"


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("mysql", f"SELECT {'DATE(' * 60}name{')' * 60} FROM club"),
        ("postgres", f"SELECT name FROM club {'JOIN club ' * 200}"),
        ("mysql", f"SELECT {'(' * 5_000}name{')' * 5_000} FROM club"),
        ("mysql", "SELECT ( SELECT COUNT ( * ) ->> FROM t WHERE t . ) id = t ) FROM t"),
        ("mysql", f"SELECT name FROM club WHERE name = '{'x' * 2_000_000}'"),
        ("sqlite", f"SELECT name FROM club WHERE {'date(' * 60}'2020-01-01'{')' * 60} > ''"),
        ("sqlite", "SELECT name FROM club WHERE CAST(1 AS UNSIGNED BIG INT)"),
    ],
)
def test_a_text_that_is_hard_to_read_costs_its_verdict_only(dialect, sql, hasty, make_example):
    example = make_example("SELECT name FROM club", dialect=dialect)
    started = time.process_time()
    hasty.prefetch([(sql, example), ("SELECT c.name FROM club c", example)])
    assert isinstance(hasty.judge(sql, example), Outcome)
    assert hasty.judge("SELECT c.name FROM club c", example).equivalent
    assert time.process_time() - started < 5


@pytest.fixture
def unhurried(monkeypatch):
    """In this process there is no work that a timer should end."""
    monkeypatch.setattr(serving, "alarm", lambda _seconds: None)


@pytest.mark.usefixtures("unhurried")
def test_a_prediction_that_our_own_code_fails_on_costs_its_verdict_only(
    make_example, monkeypatch, caplog
):
    example = make_example("SELECT name FROM club")
    opened = Server(SETTINGS).bench(identity(example), None)
    server = Server(SETTINGS)
    server.benches[identity(example)] = opened
    judged = Bench.outcome

    def fails_once(bench, sql):
        if "club" not in sql:
            raise TypeError("unforeseen")
        return judged(bench, sql)

    monkeypatch.setattr(Bench, "outcome", fails_once)
    queries = ("SELECT 1", "SELECT c.name FROM club c")
    said = [answer for (answer,) in answers(server, "outcome", identity(example), b"", queries)]
    assert said[1] == Failed("TypeError: unforeseen")
    assert said[2].equivalent
    assert "no verdict on 'SELECT 1'" in caplog.text


@pytest.mark.usefixtures("unhurried")
def test_an_example_that_our_own_code_fails_on_is_broken(make_example, monkeypatch):
    def fails(*_):
        raise IndexError("unforeseen")

    monkeypatch.setattr(Server, "bench", fails)
    (error,) = answers(Server(SETTINGS), "outcome", identity(make_example("SELECT 1")), None, ())
    assert error.kind == "no_suite"
    assert "IndexError: unforeseen" in str(error)


def test_answers_to_a_request_that_was_given_again_are_late(make_example, monkeypatch):
    """A parcel may tell of a death and then hold what the next process said to the old request."""
    example = make_example("SELECT name FROM club WHERE town = 'Oslo'")
    pool = Pool(1, SETTINGS, 60.0)
    heard, spoilt = Pool._heard, []

    def with_a_death_before(worker):
        said = heard(worker)
        if not spoilt and any(serial == worker.serial for serial, _ in said):
            spoilt.append(said)
            return [(0, Died(-signal.SIGKILL)), *said]
        return said

    monkeypatch.setattr(Pool, "_heard", staticmethod(with_a_death_before))
    queries = ("SELECT 1", example.gold_sql.replace("Oslo", "Rome"), example.gold_sql)
    task = Task(method="outcome", key=identity(example), arguments=queries)
    answers = [answer for _, step, answer in pool.run([task]) if step >= 0]
    pool.close()
    assert [answer.equivalent for answer in answers] == [False, False, True]
    assert spoilt


def test_our_own_bug_propagates(make_example):
    pool = Pool(1, SETTINGS, 60.0)
    task = Task(
        method="no_such_method", key=identity(make_example("SELECT 1")), arguments=("SELECT 1",)
    )
    with pytest.raises(RuntimeError, match="worker process failed"):
        list(pool.run([task]))
    pool.close()


def test_a_suite_is_built_once_for_a_schema_and_a_gold(make_example):
    server = Server(SETTINGS)
    first = make_example("SELECT name FROM club")
    other = Example(id="f", question="?", schema=first.schema, gold_sql=first.gold_sql)
    assert server.bench(identity(first), None) is server.bench(identity(other), None)


def test_a_known_suite_is_opened_and_not_built(make_example):
    example = make_example("SELECT name FROM club")
    key = identity(example)
    suite = Server(SETTINGS).bench(key, None).suite
    marked = type(suite)(contents=suite.contents[:1], notes=("from the caller",))
    assert Server(SETTINGS).bench(key, pack(marked)).suite == marked
    assert unpack(pack(suite)) == suite


def test_a_broken_example_stays_an_error_however_often_it_is_asked(hasty, make_example):
    broken = make_example("SELECT nothing FROM club")
    for sql in ("SELECT 1", "SELECT 2"):
        with pytest.raises(ExampleError):
            hasty.judge(sql, broken)


def test_a_shelf_keeps_the_newest_suites_that_fit():
    shelf = Shelf(10)
    for name in "abc":
        shelf.put((name,), name.encode() * 4)
    assert [shelf.get((name,)) for name in "abc"] == [None, b"bbbb", b"cccc"]
