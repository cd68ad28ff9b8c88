"""The built-in data: enough of everything, always the same, and every gold right."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from itertools import islice

import pytest
import sqlglot
from sqlglot import exp

from sqlgrpo.config import DataConfig, SuiteConfig
from sqlgrpo.data.builtin import load_builtin
from sqlgrpo.data.builtin.domains import DOMAINS, builtin_topics
from sqlgrpo.data.builtin.forms import FORMS
from sqlgrpo.data.builtin.generate import SHARES, questions
from sqlgrpo.databases import Judge
from sqlgrpo.errors import ConfigError
from sqlgrpo.parsers.schema import parse_schema
from sqlgrpo.types import Example

FORM = {form.name: form for form in FORMS}


def make(size: int = 4_000, seed: int = 1) -> list[Example]:
    return load_builtin(DataConfig(source="builtin", size=size), seed).examples


def form_of(example: Example) -> str:
    return example.id.split("-")[2]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return make()


def test_there_are_enough_domains_schemas_forms_and_phrasings():
    assert len(DOMAINS) >= 20
    assert len(builtin_topics()) >= 80
    assert len(FORMS) >= 120
    assert len(FORM) == len(FORMS), "two forms have the same name"
    assert min(len(set(form.phrasings)) for form in FORMS) >= 3


def test_no_table_occurs_in_two_schemas_so_that_held_out_schemas_are_new():
    tables = Counter(entity.name for topic in builtin_topics() for entity in topic.entities)
    assert [name for name, count in tables.items() if count > 1] == []


@pytest.mark.parametrize("topic", builtin_topics(), ids=lambda topic: topic.name)
def test_the_schema_text_declares_what_the_topic_knows(topic):
    schema = parse_schema(topic.ddl)
    assert [table.name for table in schema.tables] == [entity.name for entity in topic.entities]
    for entity, table in zip(topic.entities, schema.tables, strict=True):
        assert [column.name for column in table.columns] == [f.name for f in entity.fields]
        assert table.primary_key == (entity.fields[0].name,)
        assert len({field.words for field in entity.fields}) == len(entity.fields)
        for field, column in zip(entity.fields, table.columns, strict=True):
            assert column.not_null == (not field.nullable)
    assert sum(len(table.foreign_keys) for table in schema.tables) == len(topic.links)
    assert len(schema.tables) <= 3
    assert max(len(table.columns) for table in schema.tables) <= 7


def test_the_same_seed_gives_the_same_examples_and_another_seed_gives_others(examples):
    assert make() == examples
    others = {example.question for example in make(size=500, seed=2)}
    assert len(others - {example.question for example in examples}) > 250


def test_an_id_means_the_same_question_whatever_the_size(examples):
    known = {example.id: example for example in make(size=6_000)}
    assert len(known) == 6_000
    common = [example for example in examples if example.id in known]
    assert len(common) > 3_900
    assert all(known[example.id] == example for example in common)


def test_every_gold_runs_on_its_schema(examples):
    for example in examples:
        connection = sqlite3.connect(":memory:")
        connection.executescript(example.schema)
        connection.execute(example.gold_sql)
        connection.close()


def test_the_judge_accepts_a_gold_of_every_form_and_rejects_a_constant(examples):
    sample = list({form_of(example): example for example in examples}.values())
    assert len(sample) == len(FORMS)
    judge = Judge(suite=SuiteConfig(databases=3, candidates=8))
    judge.prefetch([(sql, e) for e in sample for sql in (e.gold_sql, "SELECT 1")])
    for example in sample:
        assert judge.judge(example.gold_sql, example).equivalent, example
        assert not judge.judge("SELECT 1", example).equivalent, example
    judge.close()


def test_no_question_is_asked_twice_of_a_schema(examples):
    assert len({(e.schema, e.question) for e in examples}) == len(examples) == 4_000


def test_a_question_never_has_two_different_golds():
    golds: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for topic in builtin_topics()[::8]:
        for form in FORMS:
            for _, _, question, sql in islice(questions(form, topic, seed=3), 6):
                golds[topic.name, question.lower().replace("'", "")].add(sql)
    assert [found for found in golds.values() if len(found) > 1] == []


def test_the_forms_and_the_difficulties_are_balanced(examples):
    forms = Counter(map(form_of, examples))
    assert set(forms) == set(FORM)
    for difficulty, share in SHARES.items():
        counts = [forms[form.name] for form in FORMS if form.difficulty == difficulty]
        assert sum(counts) == pytest.approx(share * len(examples), abs=2)
        assert max(counts) <= 1.2 * sum(counts) / len(counts)


def test_the_schemas_are_balanced(examples):
    counts = Counter(example.schema for example in examples).values()
    assert len(counts) == len(builtin_topics())
    assert min(counts) >= len(examples) / len(counts) / 2
    assert max(counts) <= len(examples) / len(counts) * 2


@pytest.mark.parametrize(
    ("feature", "sql"),
    [
        ("count", "COUNT("),
        ("max", "MAX("),
        ("min", "MIN("),
        ("avg", "AVG("),
        ("sum", "SUM("),
        ("distinct", "DISTINCT"),
        ("or", " OR "),
        ("in", " IN ("),
        ("like", " LIKE "),
        ("between", " BETWEEN "),
        ("null", "NULL"),
        ("order", "ORDER BY"),
        ("limit", "LIMIT"),
        ("group", "GROUP BY"),
        ("having", "HAVING"),
        ("join", " JOIN "),
        ("left-join", "LEFT JOIN"),
        ("subquery", "(SELECT"),
        ("union", "UNION"),
        ("intersect", "INTERSECT"),
        ("except", "EXCEPT"),
    ],
)
def test_a_form_practises_the_features_that_it_names(feature, sql, examples):
    named = [e for e in examples if feature in FORM[form_of(e)].features.split()]
    assert len(named) >= 20
    assert all(sql in example.gold_sql for example in named)


def test_forms_of_every_difficulty_exist_for_every_group_of_features():
    by_feature = defaultdict(set)
    for form in FORMS:
        for feature in form.features.split():
            by_feature[feature].add(form.difficulty)
    assert by_feature["where"] == by_feature["group"] == {"easy", "medium", "hard"}
    assert by_feature["join"] == by_feature["subquery"] == {"medium", "hard"}
    assert set().union(*by_feature.values()) == set(SHARES)


def test_conditions_number_one_to_four(examples):
    by_form = {form_of(example): sqlglot.parse_one(example.gold_sql) for example in examples}
    conjuncts = {
        name: len(list(by_form[name].find(exp.Where).this.flatten()))
        for name in ("where_two", "where_three", "where_four")
    }
    assert conjuncts == {"where_two": 2, "where_three": 3, "where_four": 4}


BOUNDS = {
    ">": r"more than|above|over|greater than(?! or)|after|later than(?! or)",
    "<": r"less than(?! or)|below|under|fewer than|before|earlier than",
    ">=": r"at least|or more|or equal to|no earlier than|on or after|or later",
    "<=": r"at most|or less|or fewer|or equal to|no later than|on or before|or earlier",
}


def test_the_words_of_a_bound_say_whether_it_is_included(examples):
    bounded = [e for e in examples if form_of(e) in {"where_bound", "count_bound"}]
    operators = Counter()
    for example in bounded:
        operator = re.search(r" (>=|<=|>|<) ", example.gold_sql)[1]
        assert re.search(BOUNDS[operator], example.question), example
        operators[operator] += 1
    assert set(operators) == set(BOUNDS)


def test_every_literal_of_a_gold_stands_in_its_question(examples):
    for example in examples:
        for literal in sqlglot.parse_one(example.gold_sql).find_all(exp.Literal):
            if isinstance(literal.parent, exp.Limit) and literal.this == "1":
                continue
            assert literal.this.strip("%") in example.question, example


def test_a_limit_never_cuts_through_a_tie_that_shows(examples):
    limited = [e for e in examples if " LIMIT " in e.gold_sql]
    for example in limited:
        query = sqlglot.parse_one(example.gold_sql)
        keys = {ordered.this.sql() for ordered in query.args["order"].expressions}
        assert {shown.sql() for shown in query.expressions} <= keys, example


def test_order_groups_and_extremes_never_depend_on_null(examples):
    for example in examples:
        schema, query = parse_schema(example.schema), sqlglot.parse_one(example.gold_sql)
        table = query.find(exp.Table).name
        for node in query.find_all(exp.Ordered, exp.Group, exp.AggFunc):
            for column in node.find_all(exp.Column):
                found = schema.column(column.table or table, column.name)
                assert found is None or found.not_null, example


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_below_one_is_refused(size):
    with pytest.raises(ConfigError, match=r"data\.size"):
        make(size=size)
