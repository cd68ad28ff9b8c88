import pytest

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.bench import Bench
from sqlgrpo.databases.suite import Search, read_case

OPEN = "SELECT name FROM member WHERE age > 20"


@pytest.mark.parametrize(
    "guard",
    [
        "(SELECT COUNT(*) FROM member) < 20",
        "(SELECT COUNT(*) FROM member) <> 17",
        "199 > (SELECT COUNT(*) FROM member)",
        "(SELECT COUNT(*) FROM club) BETWEEN 0 AND 40",
        "(SELECT COUNT(*) FROM club) > 0",
        "EXISTS (SELECT 1 FROM club)",
        "(SELECT COUNT(*) - 40 FROM member) < 0",
        "(SELECT MAX(LENGTH(name)) FROM member) <= 120",
        "(SELECT MAX(LENGTH(town)) FROM club) < 90",
        "(SELECT n FROM (SELECT COUNT(*) AS n FROM club)) < 35",
        "(SELECT COUNT(*) FROM member) < 700",
        "(SELECT COUNT(*) FROM member) NOT IN (17, 21, 33, 45, 60)",
        "(SELECT COUNT(DISTINCT age) FROM member) < 45",
        "(SELECT COUNT(DISTINCT town) FROM club) < 30",
        "(SELECT COUNT(*) / 7 FROM member) < 30",
        "(SELECT SUM(1) FROM member) < 55",
        "(SELECT COUNT(*) FROM member, club) < 500",
        "(SELECT COUNT(*) FROM member WHERE name IS NULL) < 40",
        "(SELECT COUNT(*) FROM member) < CAST('3' || '0' AS INT)",
        "NOT EXISTS (SELECT 1 FROM club LIMIT 1 OFFSET 300)",
        "NOT EXISTS (SELECT age FROM member GROUP BY age HAVING COUNT(*) > 30)",
        "(SELECT MAX(n) FROM (SELECT ROW_NUMBER() OVER () AS n FROM member)) < 25",
        "(SELECT LENGTH(GROUP_CONCAT(name)) FROM member) < 400",
        "(SELECT MAX(rowid) FROM club) < 500000",
        "(SELECT MAX(LENGTH(town)) FROM club) < 5000",
        "(SELECT MAX(LENGTH(fee)) FROM member) < 80",
        "(SELECT MAX(fee) FROM member) IS NOT NULL",
        "(SELECT SUM(age) FROM member) < 100000",
        "(SELECT MAX(fee) FROM member) < 1e30",
        "IFNULL((SELECT MAX(founded) FROM club), 0) <> 1234",
    ],
)
def test_a_guard_that_only_small_databases_pass_is_no_answer(guard, judge, make_example):
    outcome = judge.judge(f"SELECT * FROM ({OPEN}) WHERE {guard}", make_example(OPEN))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        (OPEN, f"{OPEN} LIMIT 50"),
        (OPEN, f"{OPEN} LIMIT 199"),
        (OPEN, f"{OPEN} LIMIT 600"),
        (
            "SELECT age FROM member WHERE age % 2 <> 0",
            "SELECT age FROM member WHERE age % 2 <> 0 LIMIT 40",
        ),
        (
            "SELECT town, COUNT(*) FROM club GROUP BY town",
            "SELECT town, COUNT(*) FROM club GROUP BY town LIMIT 30",
        ),
        (
            "SELECT town, COUNT(*) FROM club GROUP BY town",
            "SELECT town, COUNT(*) FROM club GROUP BY town HAVING COUNT(*) <> 23",
        ),
        ("SELECT COUNT(*) FROM member", "SELECT MIN(COUNT(*), 40) FROM member"),
        ("SELECT COUNT(*) FROM member", "SELECT COUNT(*) % 60 FROM member"),
        (
            "SELECT town, COUNT(*) FROM club GROUP BY town",
            "SELECT town, MIN(COUNT(*), 40) FROM club GROUP BY town",
        ),
        ("SELECT name FROM club", "SELECT SUBSTR(name, 1, 90) FROM club"),
        ("SELECT name FROM club", "SELECT name FROM club WHERE LENGTH(name) <= 150"),
    ],
)
def test_a_number_that_only_large_databases_reach_is_reached(gold, pred, judge, make_example):
    outcome = judge.judge(pred, make_example(gold))
    assert outcome.runs
    assert not outcome.equivalent


@pytest.mark.parametrize(
    ("gold", "pred", "same"),
    [
        ("town IS NOT 'Ulm'", "town IS NOT 'ULM'", False),
        ("town IS NOT 'Ulm'", "name IS NOT 'Ulm'", False),
        ("town IS NOT 'Ulm'", "1 = 1", False),
        ("town IS NOT 'Ulm'", "town <> 'Ulm'", False),
        ("town IS NOT 'Ulm'", "town <> 'Ulm' OR town IS NULL", True),
        ("town IS DISTINCT FROM 'Ulm'", "NOT town IS 'Ulm'", True),
        ("founded IS NOT 1870", "1 = 1", False),
        ("town IS 'Ulm'", "town = 'Ulm'", True),
    ],
)
def test_is_and_is_not_are_aimed_at(gold, pred, same, judge, make_example):
    example = make_example(f"SELECT name FROM club WHERE {gold}")
    assert judge.judge(f"SELECT name FROM club WHERE {pred}", example).equivalent is same


@pytest.mark.parametrize(
    "guard",
    [
        "(SELECT COUNT(*) FROM club) >= 0",
        "(SELECT COUNT(*) FROM club) > -1000000",
        "(SELECT COUNT(*) FROM member) > 0",
        "(SELECT MAX(LENGTH(age)) FROM member) < 80",
    ],
)
def test_guards_that_always_hold_change_nothing(guard, judge, make_example):
    pred = f"SELECT * FROM ({OPEN}) WHERE {guard}"
    assert judge.judge(pred, make_example(OPEN)).equivalent


@pytest.mark.parametrize(
    "guard",
    [
        "(SELECT COUNT(*) FROM member) < 1000000",
        "(SELECT COUNT(DISTINCT name) FROM member) < 50000",
        "(SELECT SUM(age IS NULL) FROM member) <= 90000",
        "NOT EXISTS (SELECT 1 FROM member LIMIT 1 OFFSET 100000)",
        "IFNULL((SELECT MAX(LENGTH(name)) FROM member), 0) < 900000",
    ],
)
def test_a_guard_that_nothing_can_test_is_refused_with_the_reason(guard, judge, make_example):
    outcome = judge.judge(f"SELECT * FROM ({OPEN}) WHERE {guard}", make_example(OPEN))
    assert outcome.runs
    assert not outcome.equivalent
    assert "guard not testable" in outcome.reason


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        (OPEN, f"{OPEN} LIMIT 1000000"),
        (OPEN, "SELECT name FROM member WHERE age BETWEEN 21 AND 9223372036854775807"),
        (
            "SELECT name FROM member WHERE fee < 1000000 AND age > 5",
            "SELECT name FROM member WHERE NOT fee >= 1e6 AND age >= 6",
        ),
        (
            "SELECT town FROM club GROUP BY town HAVING COUNT(*) > 5000",
            "SELECT town FROM club GROUP BY town HAVING COUNT(*) >= 5001",
        ),
        (
            "SELECT COUNT(*) FROM member",
            "SELECT SUM(1000000) / 1000000 FROM member HAVING COUNT(*)"
            " > 0 UNION ALL SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM member)",
        ),
        (
            "SELECT AVG(fee) FROM member",
            "SELECT SUM(fee) * 100000.0 / COUNT(fee) / 100000 FROM member",
        ),
    ],
)
def test_large_numbers_alone_are_no_guards(gold, pred, judge, make_example):
    assert judge.judge(pred, make_example(gold)).reason == ""


@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("GROUP BY town HAVING COUNT(*) > 31", "GROUP BY town HAVING COUNT(*) >= 31"),
        ("GROUP BY town HAVING COUNT(*) > 500", "GROUP BY town HAVING COUNT(*) > 501"),
        ("GROUP BY town HAVING COUNT(*) > 500", "WHERE 0"),
        ("ORDER BY founded, club_id LIMIT 5 OFFSET 500", "WHERE 0"),
        ("ORDER BY founded, club_id LIMIT 300", "ORDER BY founded, club_id"),
        ("WHERE LENGTH(town) > 400", "WHERE LENGTH(town) > 401"),
        ("WHERE town = 'ulm' COLLATE NOCASE", "WHERE town = 'ulm'"),
        ("WHERE (town, founded) IN (VALUES ('ulm', 1900))", "WHERE 0"),
        ("WHERE CASE town WHEN 'ulm' THEN 1 END", "WHERE 0"),
    ],
)
def test_a_gold_that_speaks_of_much_gets_as_much(gold, pred, judge, make_example):
    example = make_example(f"SELECT town FROM club {gold}")
    assert judge.suite(example).gold_returns_rows
    assert not judge.judge(f"SELECT town FROM club {pred}", example).equivalent


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT name FROM member WHERE fee > 1", "SELECT name FROM member WHERE fee > 1.0000001"),
        ("SELECT age FROM member", "SELECT MAX(age, -5000) FROM member"),
        ("SELECT age FROM member", "SELECT MIN(age, 70000000) FROM member"),
        (
            "SELECT name FROM member WHERE age BETWEEN 18 AND 30 AND fee = 7 AND name LIKE 'a%'",
            "SELECT name FROM member WHERE age BETWEEN 18 AND 29 AND fee = 7 AND name LIKE 'a%'",
        ),
    ],
)
def test_boundaries_do_not_hang_on_the_seed(seed, gold, pred, make_example):
    config, limits, compare = SuiteConfig(seed=seed), LimitsConfig(), CompareConfig()
    example = make_example(gold)
    case = read_case(example, config)
    suite = Search(case, compare, limits, config).suite()
    bench = Bench(example, case, suite, compare=compare, limits=limits, config=config)
    outcome = bench.outcome(pred)
    bench.close()
    assert outcome.runs
    assert not outcome.equivalent
