import pickle
import sqlite3
import time

import pytest

from sqlgrpo.config import CompareConfig, SuiteConfig
from sqlgrpo.databases import Judge, Outcome
from sqlgrpo.errors import ExampleError

FOREVER = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c"


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT name FROM club", "select Name from CLUB;"),
        ("SELECT name FROM club", "SELECT c.name FROM club c ORDER BY c.town"),
        ("SELECT name FROM member WHERE age > 20", "SELECT name FROM member WHERE NOT age <= 20"),
        ("SELECT name FROM member WHERE age > 20", "SELECT name FROM member WHERE age >= 21"),
        ("SELECT name, age FROM member", "SELECT age, name FROM member"),
        ("SELECT DISTINCT town FROM club", "SELECT town FROM club GROUP BY town"),
        ("SELECT COUNT(*) FROM club", "SELECT COUNT(name) FROM club"),
        (
            "SELECT m.name FROM member m JOIN club c ON c.club_id = m.club_id",
            "SELECT name FROM member WHERE club_id IS NOT NULL",
        ),
        ("SELECT name FROM member ORDER BY age", "SELECT name FROM member ORDER BY age, fee"),
        (
            "SELECT name FROM member ORDER BY age DESC LIMIT 1",
            "SELECT name FROM member ORDER BY age DESC, member_id LIMIT 1",
        ),
        (
            "SELECT town, COUNT(*) FROM club GROUP BY town HAVING COUNT(*) > 2",
            "SELECT * FROM (SELECT town, COUNT(*) AS n FROM club GROUP BY town) WHERE n >= 3",
        ),
        ("SELECT AVG(fee) FROM member", "SELECT SUM(fee) / COUNT(fee) FROM member"),
    ],
)
def test_two_ways_to_say_the_same_are_equivalent(gold, pred, judge, make_example):
    assert judge.judge(pred, make_example(gold)) == Outcome(runs=True, equivalent=True)
    assert judge.explain(pred, make_example(gold)) is None


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT name FROM member WHERE age > 20", "SELECT name FROM member WHERE age >= 20"),
        ("SELECT name FROM member WHERE fee > 20", "SELECT name FROM member WHERE fee >= 21"),
        ("SELECT name FROM member", "SELECT DISTINCT name FROM member"),
        ("SELECT name FROM member ORDER BY age", "SELECT name FROM member"),
        ("SELECT name FROM member ORDER BY age", "SELECT name FROM member ORDER BY age DESC"),
        ("SELECT name FROM member ORDER BY age, fee", "SELECT name FROM member ORDER BY age"),
        ("SELECT name FROM club ORDER BY club_id", "SELECT name FROM club"),
        ("SELECT COUNT(*) FROM member", "SELECT COUNT(age) FROM member"),
        ("SELECT MAX(age) FROM member", "SELECT age FROM member ORDER BY age DESC LIMIT 1"),
        ("SELECT SUM(age) FROM member", "SELECT TOTAL(age) FROM member"),
        (
            "SELECT name FROM club WHERE club_id NOT IN (SELECT club_id FROM member)",
            "SELECT name FROM club c WHERE NOT EXISTS "
            "(SELECT 1 FROM member m WHERE m.club_id = c.club_id)",
        ),
        (
            "SELECT m.name FROM member m JOIN club c ON c.club_id = m.club_id",
            "SELECT name FROM member",
        ),
        ("SELECT name FROM club WHERE town = 'Ulm'", "SELECT name FROM club WHERE town LIKE 'ulm'"),
        ("SELECT name FROM club WHERE town = 'Ulm'", "SELECT name FROM club WHERE town = 'Ulm '"),
        (
            "SELECT name FROM member WHERE age / 2 > 9",
            "SELECT name FROM member WHERE age / 2.0 > 9",
        ),
    ],
)
def test_a_difference_on_any_possible_data_is_found_and_shown(gold, pred, judge, make_example):
    outcome = judge.judge(pred, make_example(gold))
    assert outcome.runs
    assert not outcome.equivalent
    shown = judge.explain(pred, make_example(gold))
    assert shown is not None
    assert len(shown.inserts) <= 4
    assert shown.reason


TWINS = [
    ("a INT", "a INT PRIMARY KEY", "SELECT a FROM t", "SELECT DISTINCT a FROM t"),
    ("a INT", "a INT NOT NULL", "SELECT COUNT(*) FROM t", "SELECT COUNT(a) FROM t"),
    ("a REAL", "a INT", "SELECT b FROM t WHERE a > 5", "SELECT b FROM t WHERE a >= 6"),
    ("a INT", "a INT CHECK (a > 17)", "SELECT b FROM t WHERE a > 9", "SELECT b FROM t WHERE a > 0"),
    (
        "a TEXT",
        "a TEXT NOT NULL CHECK (a IN ('on', 'off'))",
        "SELECT b FROM t WHERE a = 'on'",
        "SELECT b FROM t WHERE a <> 'off'",
    ),
    (
        "a INT, c INT",
        "a INT, c INT, UNIQUE (a, c)",
        "SELECT COUNT(*) FROM t WHERE a = 1 AND c = 2",
        "SELECT COUNT(DISTINCT a) FROM t WHERE a = 1 AND c = 2",
    ),
    (
        "a INT, c INT NOT NULL",
        "a INT, c INT NOT NULL REFERENCES u (k)",
        "SELECT COUNT(*) FROM t",
        "SELECT COUNT(*) FROM t JOIN u ON u.k = t.c",
    ),
]


@pytest.mark.parametrize(("free", "bound", "gold", "pred"), TWINS)
def test_what_a_constraint_forbids_is_no_difference(free, bound, gold, pred, judge, make_example):
    other = "; CREATE TABLE u (k INT PRIMARY KEY)"
    without = make_example(gold, schema=f"CREATE TABLE t (b TEXT, {free}){other}")
    within = make_example(gold, schema=f"CREATE TABLE t (b TEXT, {bound}){other}")
    assert not judge.judge(pred, without).equivalent
    assert judge.judge(pred, within).equivalent


@pytest.mark.parametrize(
    ("gold", "pred", "same"),
    [
        ('SELECT a FROM t WHERE b = "Bo Diddley"', "SELECT a FROM t WHERE b = 'bo diddley'", True),
        ('SELECT a FROM t WHERE b = "bo"', 'SELECT a FROM t WHERE b = "boo"', False),
        ("SELECT a FROM t WHERE c > 9", "SELECT a FROM t WHERE c > '9'", True),
        ("SELECT a FROM t WHERE c > 9", "SELECT a FROM t WHERE c > 8", False),
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE UPPER(b) = 'X'", True),
        ("SELECT strftime('%Y', a) FROM t", "SELECT strftime('%y', a) FROM t", False),
        ('SELECT MAX(c) FROM t WHERE a = "a"', "SELECT MAX(c) FROM t WHERE a = a", False),
    ],
)
def test_quirks_read_gold_and_prediction_alike(gold, pred, same, judge, lenient, make_example):
    schema = "CREATE TABLE t (a VARCHAR, b VARCHAR, c VARCHAR)"
    example = make_example(gold, schema=schema, quirks=lenient)
    assert judge.judge(pred, example).equivalent is same


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE t (id INT PRIMARY KEY, up INT NOT NULL REFERENCES t (id), v INT)",
        "CREATE TABLE t (id INT PRIMARY KEY, u INT REFERENCES u (id), v INT);"
        "CREATE TABLE u (id INT PRIMARY KEY, t INT NOT NULL REFERENCES t (id))",
        'CREATE TABLE t (id INT, "v" WEIRD TYPE, "a ""b"" 50% °" TEXT, "order" INT)',
        "CREATE TABLE t (id INT, v INT REFERENCES nowhere (x), CHECK (nonsense(v) > 2))",
        "CREATE TABLE t (id INT, " + ", ".join(f"c{i} INT" for i in range(200)) + ", v INT)",
    ],
)
def test_odd_schemas_are_judged_all_the_same(schema, judge, make_example):
    example = make_example("SELECT v FROM t WHERE id > 3", schema=schema)
    assert judge.judge("SELECT v FROM t WHERE 3 < id", example).equivalent
    assert not judge.judge("SELECT v FROM t WHERE id >= 3", example).equivalent
    assert judge.suite(example).gold_returns_rows


@pytest.mark.parametrize(
    ("schema", "gold", "kind"),
    [
        ("CREATE TABLE t (a INT)", "SELECT b FROM t", "missing_column"),
        ("CREATE TABLE t (a INT)", "SELECT a FROM u", "missing_table"),
        ("CREATE TABLE t (a INT)", "DELETE FROM t", "gold_not_select"),
        ("CREATE TABLE t (a INT)", "SELECT a FROM t WHERE", "gold_fails"),
        ("CREATE TABLE t (a INT)", "SELECT date('now') FROM t", "gold_fails"),
        ("CREATE TABLE t (a INT)", FOREVER, "gold_timeout"),
        ("CREATE TABLE t (a INT, a INT)", "SELECT a FROM t", "column_declared_twice"),
    ],
)
def test_a_broken_example_is_an_error_and_never_a_verdict(schema, gold, kind, judge, make_example):
    for _ in range(2):
        with pytest.raises(ExampleError) as caught:
            judge.judge("SELECT 1", make_example(gold, schema=schema))
        assert caught.value.kind == kind


def test_impossible_constraints_and_golds_are_told(judge, make_example):
    nothing = make_example(
        "SELECT a FROM t", schema="CREATE TABLE t (a INT NOT NULL CHECK (a <> a))"
    )
    never = make_example("SELECT name FROM club WHERE 1 = 0")
    assert not judge.suite(nothing).gold_returns_rows
    assert not judge.suite(never).gold_varies
    assert judge.suite(make_example("SELECT name FROM club")).gold_varies


def test_a_hostile_query_costs_its_verdict_only(judge, make_example):
    example = make_example("SELECT name FROM club")
    # one instruction that takes a minute: no progress handler gets to see it
    hang = "SELECT instr(hex(zeroblob(490000)), hex(zeroblob(240000)) || '1')"
    started = time.monotonic()
    judge.prefetch([(hang, example), (FOREVER, example), ("SELECT name FROM club c", example)])
    assert time.monotonic() - started < 120  # slow machines start workers slowly
    assert judge.judge(hang, example).reason == "timed out after 1 s"
    assert judge.judge(FOREVER, example).reason == "timed out after 1 s"
    assert judge.judge("SELECT name FROM club c", example).equivalent


def test_the_real_database_is_one_more_and_never_written(judge, make_example, tmp_path):
    path = tmp_path / "club.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (-123456)")
    connection.close()
    before = path.read_bytes()
    example = make_example("SELECT a FROM t", schema="CREATE TABLE t (a INT)", database=path)
    odd = "SELECT a FROM t WHERE a <> -123456"
    assert not judge.matches_real(odd, example)
    assert not judge.judge(odd, example).equivalent
    assert judge.matches_real("SELECT t.a FROM t", example)
    assert not judge.matches_real("DROP TABLE t", example)
    assert path.read_bytes() == before


def test_an_example_without_a_database_has_no_execution_accuracy(judge, make_example):
    with pytest.raises(ExampleError):
        judge.matches_real("SELECT 1", make_example("SELECT name FROM club"))


def test_a_copy_keeps_the_settings_and_judges_the_same(make_example):
    judge = Judge(compare=CompareConfig(duplicates=False), suite=SuiteConfig(workers=1))
    example = make_example("SELECT name FROM member")
    copy = pickle.loads(pickle.dumps(judge))
    assert copy.judge("SELECT DISTINCT name FROM member", example).equivalent
    copy.close()
    judge.close()


def test_the_metrics_of_others_keep_their_own_rules(judge, make_example):
    example = make_example("SELECT name, age FROM member")
    assert judge.metrics("SELECT DISTINCT name, age FROM member", example)["bird"]
    swapped = judge.metrics("SELECT age, name FROM member", example)
    assert swapped == {"spider_test_suite": True, "bird": False, "strict": False}
    assert not any(judge.metrics("DROP TABLE member", example).values())
