import pytest

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


def test_guards_that_always_hold_change_nothing(judge, make_example):
    for guard in ("(SELECT COUNT(*) FROM club) >= 0", "(SELECT COUNT(*) FROM member) > 0"):
        pred = f"SELECT * FROM ({OPEN}) WHERE {guard}"
        assert judge.judge(pred, make_example(OPEN)).equivalent
