import pytest

from sqlgrpo.config import CompareConfig
from sqlgrpo.databases.compare import Comparison, GoldRows, tie_runs

LOOSE = CompareConfig()


def gold(rows, ties=None):
    return GoldRows(rows=tuple(rows), width=len(rows[0]) if rows else 1, ties=ties)


def ordered(rows, limit=None, offset=0):
    """A gold that returns the first column, ordered by the second."""
    ties = tie_runs(rows, 1, offset, limit)
    end = None if limit is None else offset + limit
    return GoldRows(rows=tuple(row[:1] for row in rows[offset:end]), width=1, ties=ties)


def reason(gold_rows, rows, config=LOOSE):
    return Comparison(config).add(gold_rows, tuple(rows), len(rows[0]) if rows else 1)


@pytest.mark.parametrize(
    ("expected", "found", "config", "same"),
    [
        ([(1,), (1,)], [(1,)], LOOSE, False),
        ([(1,), (1,)], [(1,)], CompareConfig(duplicates=False), True),
        ([(1,), (2,)], [(2,), (1,)], LOOSE, True),
        ([(1,), (2,)], [(2,), (1,)], CompareConfig(order="always"), False),
        ([(1,)], [(1.0,)], LOOSE, True),
        ([(1,)], [("1",)], LOOSE, False),
        ([(None,)], [("",)], LOOSE, False),
        ([(None,)], [(0,)], LOOSE, False),
        ([("",)], [(0,)], LOOSE, False),
        ([("a",)], [(b"a",)], LOOSE, False),
        ([(0.1 + 0.2,)], [(0.3,)], LOOSE, True),
        ([(0.1 + 0.2,)], [(0.3,)], CompareConfig(float_tolerance=0.0), False),
        ([(1.0,)], [(1.00000001,)], LOOSE, False),
        ([(1, 2)], [(2, 1)], LOOSE, True),
        ([(1, 2)], [(2, 1)], CompareConfig(permute_columns=False), False),
        ([(1, 2), (3, 4)], [(2, 1), (3, 4)], LOOSE, False),
        ([(0.1 + 0.2, "a")], [("a", 0.3)], LOOSE, True),
    ],
)
def test_every_point_of_the_policy_is_an_option(expected, found, config, same):
    assert (reason(gold(expected), found, config) == "") is same


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ([("b",), ("a",), ("c",)], "rows out of order"),
        ([("a",), ("c",), ("b",)], ""),
        ([("a",), ("b",), ("c",)], ""),
        ([("a",), ("b",), ("b",)], "rows differ"),
        ([("a",), ("b",)], "2 rows, expected 3"),
    ],
)
def test_rows_that_tie_on_the_keys_may_permute_and_no_others(found, problem):
    assert reason(ordered([("a", 1), ("b", 2), ("c", 2)]), found) == problem


def test_options_can_forbid_ties_and_forget_order():
    rows = ordered([("a", 1), ("b", 2), ("c", 2)])
    assert reason(rows, [("a",), ("c",), ("b",)], CompareConfig(ties=False))
    assert not reason(rows, [("c",), ("b",), ("a",)], CompareConfig(order="never"))


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ([("a",), ("b",)], True),
        ([("a",), ("c",)], True),
        ([("b",), ("a",)], False),
        ([("b",), ("c",)], False),
        ([("a",), ("z",)], False),
    ],
)
def test_where_limit_cuts_a_tie_any_of_its_rows_will_do(found, same):
    cut = ordered([("a", 1), ("b", 2), ("c", 2)], limit=2)
    assert (reason(cut, found) == "") is same


def test_one_permutation_serves_on_every_database():
    comparison = Comparison(LOOSE)
    assert comparison.add(gold([(1, 2)]), ((2, 1),), 2) == ""
    assert comparison.add(gold([(5, 6)]), ((5, 6),), 2) == "rows differ"


def test_a_later_database_may_settle_the_permutation():
    comparison = Comparison(LOOSE)
    assert comparison.add(gold([(1, 1, 2)]), ((1, 2, 1),), 3) == ""
    assert comparison.add(gold([(1, 3, 2)]), ((3, 2, 1),), 3) == ""
    assert comparison.add(gold([(1, 3, 2)]), ((1, 2, 3),), 3) == "rows differ"


def test_two_empty_results_of_different_width_differ():
    assert Comparison(LOOSE).add(gold([]), (), 2) == "2 columns, expected 1"
