import pytest

from sqlgrpo.config import LimitsConfig, SuiteConfig
from sqlgrpo.databases import Judge
from sqlgrpo.types import Example, Quirks

SCHEMA = """
CREATE TABLE club (club_id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT, founded INT);
CREATE TABLE member (member_id INTEGER PRIMARY KEY, name TEXT, age INT, fee REAL,
                     club_id INT REFERENCES club (club_id));
"""


def example(gold_sql, schema=SCHEMA, **more):
    return Example(id="e", question="", schema=schema, gold_sql=gold_sql, **more)


@pytest.fixture(scope="session")
def make_example():
    return example


@pytest.fixture(scope="session")
def lenient():
    return Quirks(infer_types=True, casefold_text=True, double_quoted_strings=True)


@pytest.fixture(scope="session")
def judge():
    """One judge for all tests: starting its worker is what takes time."""
    shared = Judge(limits=LimitsConfig(timeout_s=1.0), suite=SuiteConfig(workers=1))
    yield shared
    shared.close()
