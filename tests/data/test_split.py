"""Splits are disjoint in schemas, the same for any order, and close to the sizes asked for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sqlgrpo.data.identity import group_by_query, group_by_schema
from sqlgrpo.data.split import Splits, split
from sqlgrpo.types import Example


def example(number: int, schema: str, gold: str = "", database: str | None = None) -> Example:
    return Example(
        id=str(number),
        question=f"question {number}",
        schema=schema,
        gold_sql=gold or f"SELECT c{number} FROM t",
        database=Path(database) if database else None,
    )


def web(seed: int, tables: int = 150, examples: int = 600) -> list[Example]:
    """Examples over one to three of many tables, some tables much more popular than others."""
    chance = random.Random(seed)
    made = []
    for number in range(examples):
        count = 1 if chance.random() < 0.95 else 2
        names = {f"t{int(tables * chance.random() ** 2)}" for _ in range(count)}
        made.append(example(number, "; ".join(f"CREATE TABLE {n} (a INT)" for n in sorted(names))))
    return made


def families(count: int, size: int) -> list[Example]:
    """``size`` examples for each of ``count`` schemas."""
    return [
        example(number, f"CREATE TABLE t{number % count} (a INT)") for number in range(count * size)
    ]


def tables(examples: list[Example]) -> set[str]:
    return {
        part.split()[2].lower() for e in examples for part in e.schema.split(";") if part.strip()
    }


def parts(splits: Splits) -> list[list[Example]]:
    return [splits.train, splits.validation, splits.test]


@pytest.mark.parametrize("seed", range(8))
def test_no_table_is_in_two_sets_and_no_example_is_lost(seed):
    examples = web(seed)
    splits = split(examples, validation=30, test=50, seed=seed)
    assert splits.unit == "schema"
    train, validation, test = map(tables, parts(splits))
    assert not train & validation
    assert not train & test
    assert not validation & test
    chosen = [e.id for part in parts(splits) for e in part]
    assert len(chosen) == len(set(chosen)) == len(examples) - splits.left_out


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_examples_does_not_matter_and_the_seed_does(seed):
    examples = families(40, 10)
    shuffled = examples[:]
    random.Random(seed).shuffle(shuffled)
    first = split(examples, validation=20, test=30, seed=seed)
    assert first == split(shuffled, validation=20, test=30, seed=seed)
    assert first.test != split(examples, validation=20, test=30, seed=seed + 1).test


@pytest.mark.parametrize(
    ("count", "size", "validation", "test"),
    [
        (500, 1, 40, 60),
        (100, 20, 200, 300),
        (30, 133, 200, 300),
        (12, 50, 30, 60),
        (5, 100, 20, 40),
    ],
)
def test_sizes_are_as_asked_and_few_examples_are_left_out(count, size, validation, test):
    splits = split(families(count, size), validation=validation, test=test, seed=3)
    assert splits.unit == "schema"
    assert (len(splits.validation), len(splits.test)) == (validation, test)
    assert len(splits.train) >= 0.6 * count * size


def test_held_out_sets_have_several_schemas_and_the_mix_of_the_data():
    small = [example(n, f"CREATE TABLE small{n} (a INT)") for n in range(500)]
    large = [example(1_000 + n, f"CREATE TABLE large{n % 25} (a INT)") for n in range(1_500)]
    splits = split(small + large, validation=0, test=100, seed=0)
    from_large = [e for e in splits.test if "large" in e.schema]
    assert len(from_large) == 75
    assert len(tables(from_large)) >= 3


def test_a_group_too_large_to_hold_out_is_trained_on():
    one = [example(n, "CREATE TABLE popular (a INT)") for n in range(400)]
    splits = split(one + web(0), validation=20, test=20, seed=0)
    assert splits.unit == "schema"
    assert {e.id for e in one} <= {e.id for e in splits.train}


def test_one_schema_is_split_by_query_and_says_so(caplog):
    golds = [f"SELECT c{n // 4} FROM t WHERE a > {n % 4}" for n in range(400)]
    examples = [example(n, "CREATE TABLE t (a INT)", gold) for n, gold in enumerate(golds)]
    splits = split(examples, validation=20, test=40, seed=0)
    assert splits.unit == "query"
    assert "share schemas" in caplog.text
    shapes = [{e.gold_sql.split()[1] for e in part} for part in parts(splits)]
    assert not shapes[0] & shapes[1]
    assert not shapes[0] & shapes[2]
    assert not shapes[1] & shapes[2]
    assert (len(splits.validation), len(splits.test)) == (20, 40)


def test_more_than_half_is_never_held_out(caplog):
    splits = split(families(50, 2), validation=200, test=300, seed=0)
    assert (len(splits.validation), len(splits.test)) == (20, 30)
    assert "more than half of 100 examples" in caplog.text


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_handful_of_examples_is_not_an_error(count):
    splits = split(families(count, 1), validation=1, test=1, seed=0)
    assert sum(map(len, parts(splits))) + splits.left_out == count


def test_one_database_is_one_schema_and_so_is_one_text():
    wide, narrow = "CREATE TABLE pet (id INT, age INT)", "CREATE TABLE owner (id INT)"
    groups = group_by_schema(
        [
            example(1, wide, database="a.sqlite"),
            example(2, narrow, database="a.sqlite"),
            example(3, narrow.upper(), database="b.sqlite"),
            example(4, "CREATE TABLE pet (id INT)", database="c.sqlite"),
            example(5, "CREATE TABLE Vet (id INT)"),
            example(6, 'CREATE TABLE "vet" (name TEXT); CREATE TABLE visit (id INT)'),
        ]
    )
    assert sorted(sorted(e.id for e in group) for group in groups) == [
        ["1", "2", "3"],
        ["4"],
        ["5", "6"],
    ]


def test_golds_that_differ_in_literals_only_are_one_query():
    golds = ["SELECT a FROM t WHERE b = 'x'", "select a FROM t WHERE b = 'y'", "SELECT b FROM t"]
    groups = group_by_query(example(n, "", gold) for n, gold in enumerate(golds))
    assert sorted(map(len, groups)) == [1, 2]
