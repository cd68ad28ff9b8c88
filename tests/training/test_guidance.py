"""A gold is put into groups that fail, and nowhere else."""

from __future__ import annotations

import json

import pytest
from tests.training.tiny_run import config, run

from sqlgrpo.environments import build_environment
from sqlgrpo.models import load_tokenizer
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.training.guidance import GoldGuide
from sqlgrpo.training.preflight import check_settings
from sqlgrpo.types import Example

SCHEMA = "CREATE TABLE city (name TEXT, population INTEGER)"
BY_COUNT = Example(
    id="count", question="How many?", schema=SCHEMA, gold_sql="SELECT COUNT(*) FROM city"
)
BY_NAME = Example(
    id="name", question="Which?", schema=SCHEMA, gold_sql="SELECT name FROM city ORDER BY name"
)
EXAMPLES = [BY_COUNT, BY_NAME]


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    settings = config(tmp_path_factory.mktemp("guide"))
    environment = build_environment(settings.environment, build_rubric(settings.verifier))
    tokenizer = load_tokenizer(settings.model)
    yield GoldGuide(environment, EXAMPLES, tokenizer, group_size=2, max_tokens=64)
    environment.rubric.judge.close()


def tokens(guide: GoldGuide, *texts: str) -> list[list[int]]:
    return [guide.tokenizer(text)["input_ids"] for text in texts]


def group(example: Example) -> list[dict[str, str]]:
    return [{"example_id": example.id}] * 2


def test_only_a_group_without_a_right_completion_gets_the_gold(guide):
    sampled = tokens(guide, "SELECT 1", "SELECT COUNT(name) FROM city", "nothing", "SELECT name")
    rows = group(BY_COUNT) + group(BY_NAME)
    guided, share = guide(rows, sampled)
    assert share == 1.0
    assert [guided[0], guided[2]] == [sampled[0], sampled[2]]
    assert guide.tokenizer.decode(guided[1][:-1]) == BY_COUNT.gold_sql
    assert guide.tokenizer.decode(guided[3][:-1]) == BY_NAME.gold_sql
    assert {guided[1][-1], guided[3][-1]} == {guide.tokenizer.eos_token_id}
    assert guide(rows, guided) == (guided, 0.0)
    right = tokens(guide, "SELECT 1", "SELECT COUNT(*) AS n FROM city AS c")
    assert guide(group(BY_COUNT), right) == (right, 0.0)


def test_a_divided_group_and_a_gold_that_is_too_long_stay_as_they_are(guide):
    wrong = tokens(guide, "SELECT 1", "SELECT 2")
    assert guide([*group(BY_COUNT)[:1], *group(BY_NAME)[:1]], wrong) == (wrong, 0.0)
    short = GoldGuide(guide.environment, EXAMPLES, guide.tokenizer, group_size=2, max_tokens=3)
    assert short(group(BY_COUNT), wrong) == (wrong, 0.0)


def test_a_model_that_answers_nothing_learns_from_the_golds(tmp_path):
    guided = run(tmp_path, "training.gold_guidance=true", "training.max_completion_tokens=64")
    lines = [json.loads(line) for line in guided.metrics.read_text().splitlines()]
    rows = [line for line in lines if line["stage"] == "grpo" and "reward" in line]
    assert len(rows) == 4
    assert {row["guided_groups"] for row in rows} == {1.0}
    assert {row["flat_groups"] for row in rows} == {0.0}
    assert all(row["reward"] >= 1 / 4 for row in rows)


@pytest.mark.parametrize(
    ("overrides", "needed"),
    [
        (["training.fast=false"], "training.fast=true"),
        (["environment=multi_turn"], "environment=single_turn"),
        (["training.rollouts=vllm_server"], "training.rollouts=local"),
        (
            ["+training.trl.off_policy_mask_threshold=0.5"],
            "training.trl.off_policy_mask_threshold=null",
        ),
    ],
)
def test_guidance_is_refused_where_it_would_do_nothing(tmp_path, overrides, needed):
    settings = config(tmp_path, "training.gold_guidance=true", *overrides)
    found = [f for f in check_settings(settings) if f.what == "training.gold_guidance"]
    assert [(f.level, f.next_step) for f in found] == [("error", f"set {needed}")]
