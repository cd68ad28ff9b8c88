import time
from random import Random

import pytest
import sqlglot

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.cache import load, save
from sqlgrpo.databases.contents import Maker
from sqlgrpo.databases.flavours import flavours
from sqlgrpo.databases.mutants import mutants
from sqlgrpo.databases.suite import Search, read_case
from sqlgrpo.parsers.schema import parse_schema

GOLDS = [
    "SELECT name FROM member WHERE age BETWEEN 18 AND 30",
    "SELECT town, COUNT(*) FROM club GROUP BY town HAVING COUNT(*) > 2",
    "SELECT c.name FROM club c JOIN member m ON m.club_id = c.club_id WHERE m.fee > 9.5",
    "SELECT name FROM member ORDER BY fee DESC LIMIT 3",
    "SELECT name FROM member WHERE name LIKE '%an%' AND age IS NOT NULL",
    "SELECT town FROM club EXCEPT SELECT name FROM member",
    "SELECT AVG(age), MAX(fee) FROM member WHERE club_id IN (SELECT club_id FROM club)",
]


def search(example, config=None):
    config = config or SuiteConfig()
    return Search(read_case(example, config), CompareConfig(), LimitsConfig(), config)


@pytest.mark.parametrize("gold", GOLDS)
def test_a_suite_kills_its_mutants_and_names_the_survivors(gold, make_example):
    suite = search(make_example(gold)).suite()
    assert suite.score > 0.75
    assert suite.gold_returns_rows
    assert suite.gold_varies
    assert len(suite.contents) <= SuiteConfig().databases
    assert len(suite.survivors) == suite.mutants - suite.killed


@pytest.mark.parametrize(
    "pattern",
    ["'50!% rye' ESCAPE '!'", "'%a!_b%' ESCAPE '!'", "'100##' ESCAPE '#'", r"'c:\\%' ESCAPE '\'"],
)
def test_an_escaped_pattern_is_met(pattern, make_example):
    suite = search(make_example(f"SELECT name FROM member WHERE name LIKE {pattern}")).suite()
    assert suite.gold_returns_rows


def test_mutants_that_multiply_large_tables_take_a_bounded_time(make_example):
    schema = "CREATE TABLE market (phone TEXT, stock INT); CREATE TABLE phone (name TEXT, id TEXT)"
    gold = (
        "SELECT name FROM market JOIN phone ON phone = id GROUP BY name"
        " HAVING SUM(stock) >= 2000 ORDER BY SUM(stock) DESC"
    )
    config, limits = SuiteConfig(), LimitsConfig(timeout_s=0.5)
    begun = time.thread_time()
    case = read_case(make_example(gold, schema), config)
    suite = Search(case, CompareConfig(), limits, config).suite()
    assert time.thread_time() - begun < 20 * limits.timeout_s  # a minute without a bound
    assert suite.gold_returns_rows
    assert suite.killed > 0


def test_the_same_seed_makes_the_same_suite(make_example):
    example = make_example(GOLDS[0])
    assert search(example).suite() == search(example).suite()
    assert search(example, SuiteConfig(seed=1)).suite() != search(example).suite()


def test_a_suite_survives_the_disk(make_example, tmp_path):
    suite = search(make_example(GOLDS[2])).suite()
    assert load(tmp_path, "ab12") is None
    save(tmp_path, "ab12", suite)
    assert load(tmp_path, "ab12") == suite


@pytest.mark.parametrize(
    ("gold", "mutant"),
    [
        ("SELECT a FROM t WHERE b > 3", "SELECT a FROM t WHERE b >= 3"),
        ("SELECT a FROM t WHERE b > 3", "SELECT a FROM t WHERE b > 4"),
        ("SELECT a FROM t WHERE b > 3", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE c = 'X'", "SELECT a FROM t WHERE c = 'x'"),
        ("SELECT a FROM t WHERE b = 1 AND a = 2", "SELECT a FROM t WHERE (b = 1 OR a = 2)"),
        ("SELECT COUNT(*) FROM t WHERE b = 1", "SELECT COUNT(DISTINCT b) FROM t WHERE b = 1"),
        ("SELECT SUM(a) FROM t", "SELECT AVG(a) FROM t"),
        ("SELECT a FROM t ORDER BY b LIMIT 2", "SELECT a FROM t ORDER BY b DESC LIMIT 2"),
        ("SELECT a FROM t ORDER BY b LIMIT 2", "SELECT a FROM t ORDER BY b LIMIT 3"),
        ("SELECT a FROM t JOIN u ON k = b", "SELECT a FROM t LEFT JOIN u ON k = b"),
        ("SELECT a FROM t UNION SELECT b FROM t", "SELECT a FROM t UNION ALL SELECT b FROM t"),
        ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1)"),
        ("SELECT a / b FROM t", "SELECT (a * 1.0) / b FROM t"),
        ("SELECT c FROM t GROUP BY c", "SELECT c FROM t"),
        ("SELECT DISTINCT c FROM t", "SELECT c FROM t"),
        ("SELECT c FROM t WHERE c LIKE 'a%'", "SELECT c FROM t WHERE c LIKE '%a%'"),
    ],
)
def test_each_kind_of_mistake_has_a_mutant(gold, mutant):
    schema = parse_schema("CREATE TABLE t (a INT, b INT, c TEXT); CREATE TABLE u (k INT)")
    assert mutant in mutants(sqlglot.parse_one(gold, read="sqlite"), schema, casefold=False)


@pytest.mark.parametrize("flavour", flavours(12))
def test_contents_keep_every_constraint(flavour, make_example):
    schema = """
    CREATE TABLE a (id INT PRIMARY KEY, code TEXT NOT NULL UNIQUE, low INT, high INT,
                    CHECK (low < high), CHECK (code <> ''));
    CREATE TABLE b (x INT, y TEXT, z INT NOT NULL REFERENCES a (id), PRIMARY KEY (x, y),
                    FOREIGN KEY (y) REFERENCES a (code));
    """
    case = read_case(make_example("SELECT low FROM a JOIN b ON z = id", schema), SuiteConfig())
    maker = Maker(case.schema, case.profile, casefold=False, rows=12)
    connection = case.blueprint.connect(maker.make(flavour, Random(7)))
    assert connection.execute("SELECT 1 FROM a WHERE NOT low < high OR id IS NULL").fetchall() == []
    orphans = "SELECT 1 FROM b WHERE z NOT IN (SELECT id FROM a) OR y NOT IN (SELECT code FROM a)"
    assert connection.execute(orphans).fetchall() == []
    doubled = "SELECT 1 FROM b GROUP BY x, y HAVING COUNT(*) > 1"
    assert connection.execute(doubled).fetchall() == []


@pytest.mark.parametrize("check", ["a ~ '^x'", "a >>>", "a < random()", "a <> datetime('now')"])
def test_a_check_that_cannot_be_kept_is_named_and_the_rest_is_verified(check, make_example):
    schema = f"CREATE TABLE t (a TEXT CHECK ({check}), b INT CHECK (b > 3))"
    suite = search(make_example("SELECT a FROM t WHERE b > 7", schema=schema)).suite()
    assert [note for note in suite.notes if "is not kept" in note]
    assert suite.score > 0.75
    assert all(row[1] is None or row[1] > 3 for c in suite.contents for row in c.tables[0])
