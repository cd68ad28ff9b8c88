from __future__ import annotations

import pickle

import pytest

from sqlgrpo.config import EnvironmentConfig, VerifierConfig
from sqlgrpo.environments import build_environment
from sqlgrpo.errors import ConfigError
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.types import Example

SETTINGS = {
    "name": "single_turn",
    "system_prompt": "Write SQL.",
    "user_prompt": "{schema}\n{question}",
}
EXAMPLE = Example(
    id="1",
    question="How many cities have more than 1000 inhabitants?",
    schema="CREATE TABLE city (name TEXT, population INTEGER)",
    gold_sql="SELECT COUNT(*) FROM city WHERE population > 1000",
)


def rubric():
    return build_rubric(VerifierConfig(gates=["executes"], criteria={"structure": 1.0}))


@pytest.fixture
def environment():
    built = build_environment(EnvironmentConfig(**SETTINGS), rubric())
    yield built
    built.rubric.judge.close()


def test_the_prompt_holds_schema_and_question(environment):
    system, user = environment.messages(EXAMPLE)
    assert system == {"role": "system", "content": "Write SQL."}
    assert user["content"] == f"{EXAMPLE.schema}\n{EXAMPLE.question}"


def test_the_gold_and_a_rewrite_earn_everything_and_a_boundary_slip_next_to_nothing(environment):
    completions = [
        EXAMPLE.gold_sql,
        "```sql\nSELECT count(1) FROM city WHERE 1000 < population\n```",
        "SELECT COUNT(*) FROM city WHERE population >= 1000",
        "I do not know.",
    ]
    rewards = [s.reward for s in environment.score_batch(completions, [EXAMPLE] * 4)]
    assert rewards[:2] == [1.0, 1.0]
    assert 0.0 < rewards[2] <= 0.1
    assert rewards[3] == 0.0


def test_batches_and_single_completions_score_alike(environment):
    completions = ["SELECT name FROM city", "SELECT COUNT(*) FROM town", ""]
    batch = environment.score_batch(completions, [EXAMPLE] * 3)
    assert batch == [environment.score(completion, EXAMPLE) for completion in completions]


def test_an_environment_travels_to_another_process(environment):
    copy = pickle.loads(pickle.dumps(environment))
    assert copy.score(EXAMPLE.gold_sql, EXAMPLE).reward == 1.0
    copy.rubric.judge.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "single_trun"}, "did you mean 'single_turn'"),
        ({"parser": "sqll"}, "did you mean 'sql'"),
        ({"user_prompt": "{schema} {quesion}"}, "quesion"),
        ({"user_prompt": "{schema} {"}, "user_prompt"),
    ],
)
def test_a_broken_setting_is_found_before_training(change, message):
    with pytest.raises(ConfigError, match=message):
        build_environment(EnvironmentConfig(**(SETTINGS | change)), rubric())
