from __future__ import annotations

import pickle

import pytest

from sqlgrpo.config import Config
from sqlgrpo.environments import build_environment
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.rewards import verifier_rewards
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="1",
    question="How many cities are there?",
    schema="CREATE TABLE city (name TEXT, population INTEGER)",
    gold_sql="SELECT COUNT(*) FROM city",
)
ANSWERS = ["SELECT COUNT(*) FROM city", "SELECT name FROM city", "no idea"]


@pytest.fixture
def environment():
    config = read(["data=builtin", "verifier.suite.cache_dir=null"], kind=Config)
    built = build_environment(config.environment, build_rubric(config.verifier))
    yield built
    built.rubric.judge.close()


def call(rewards, **more):
    completions = [[{"role": "assistant", "content": text}] for text in ANSWERS]
    ids = ["1"] * len(ANSWERS)
    return {r.__name__: r(completions=completions, example_id=ids, **more) for r in rewards}


def test_there_is_one_reward_per_verifier_and_they_sum_to_the_rubrics(environment):
    shares = call(verifier_rewards(environment, [EXAMPLE]))
    assert set(shares) == set(environment.rubric.names)
    totals = [sum(column) for column in zip(*shares.values(), strict=True)]
    scores = environment.score_batch(ANSWERS, [EXAMPLE] * len(ANSWERS))
    assert totals == pytest.approx([score.reward for score in scores])
    assert totals[0] == 1.0
    assert totals[2] == 0.0


def test_a_batch_is_scored_once(environment, monkeypatch):
    batches = []
    score = type(environment).score_batch

    def counted(self, completions, examples):
        batches.append(len(completions))
        return score(self, completions, examples)

    monkeypatch.setattr(type(environment), "score_batch", counted)
    call(verifier_rewards(environment, [EXAMPLE]))
    assert batches == [len(ANSWERS)]


def test_verdicts_and_reasons_are_logged_once_per_batch(environment):
    metrics, columns = [], []
    call(
        verifier_rewards(environment, [EXAMPLE]),
        log_metric=lambda name, value: metrics.append((name, value)),
        log_extra=lambda name, values: columns.append((name, values)),
    )
    logged = dict(metrics)
    assert len(logged) == len(metrics)
    assert logged["verdict/equivalent"] == pytest.approx(1 / 3)
    assert logged["no_sql"] == pytest.approx(1 / 3)
    assert [name for name, _ in columns] == ["sql", "reason"]
    assert "1 column" in columns[1][1][1] or "rows" in columns[1][1][1]


def test_rewards_travel_to_another_process(environment):
    copies = pickle.loads(pickle.dumps(verifier_rewards(environment, [EXAMPLE])))
    assert call(copies)["equivalent"][0] == 1.0
    copies[0].scorer.environment.rubric.judge.close()
