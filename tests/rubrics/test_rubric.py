"""What a rubric pays, why, and what it refuses."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.verifiers.fixtures import GOLDS, HACKS, example_of

from sqlgrpo.config import LimitsConfig, SuiteConfig, VerifierConfig
from sqlgrpo.errors import ConfigError, ExampleError
from sqlgrpo.parsers import parse_completion
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.types import Example, Parsed

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "verifier").glob("*.yaml"))
FAST = LimitsConfig(timeout_s=0.5)
EXAMPLE = example_of(GOLDS[0])
GOLD = Parsed(sql=EXAMPLE.gold_sql)
WRONG = Parsed(sql="SELECT name FROM ship")


def config_of(path: Path) -> VerifierConfig:
    return VerifierConfig(
        **yaml.safe_load(path.read_text()), limits=FAST, suite=SuiteConfig(workers=1)
    )


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda path: path.stem)
def rubric(request):
    rubric = build_rubric(config_of(request.param))
    yield rubric
    rubric.judge.close()


def test_every_gold_and_every_rewrite_of_it_earns_one(rubric):
    rows = [(gold, sql) for gold in GOLDS for sql in (gold["gold"], *gold["rewrites"])]
    pairs = [(parse_completion(sql), example_of(gold)) for gold, sql in rows]
    scores = rubric.score_batch(pairs)
    paid_less = [
        (sql, s.verdicts) for (_, sql), s in zip(rows, scores, strict=True) if s.reward != 1
    ]
    assert paid_less == []


def test_no_hack_earns_more_than_a_tenth(rubric):
    pairs = [(parse_completion(hack["completion"]), example_of(hack)) for hack in HACKS]
    scores = rubric.score_batch(pairs)
    paid = {
        hack["name"]: score.reward
        for hack, score in zip(HACKS, scores, strict=True)
        if score.reward > 0.1
    }
    assert paid == {}


def test_a_batch_is_scored_like_its_members_one_by_one(rubric):
    """Also when a query in the batch ends its worker."""
    names = {"runaway-recursion", "select-one", "replace-bomb", "drop", "other-table", "catalog"}
    rows = [hack for hack in HACKS if hack["name"] in names]
    pairs = [(parse_completion(row["completion"]), example_of(row)) for row in rows]
    pairs += [(Parsed(sql=row["gold"]), example_of(row)) for row in rows]
    alone = pickle.loads(pickle.dumps(rubric))
    assert rubric.score_batch(pairs) == [alone.score(*pair) for pair in pairs]
    alone.judge.close()


def test_contributions_sum_to_the_reward(rubric):
    for hack in [*HACKS[:40], {**GOLDS[0], "completion": GOLDS[0]["gold"]}]:
        score = rubric.score(parse_completion(hack["completion"]), example_of(hack))
        contributions = rubric.contributions(score)
        assert tuple(contributions) == rubric.names
        assert sum(contributions.values()) == score.reward
        assert all(share >= 0 for share in contributions.values())


def test_partial_credit_never_passes_its_cap(rubric):
    assert sum(rubric.partial * weight for weight in rubric.weights.values()) <= rubric.partial


def test_there_is_one_verdict_per_verifier_also_without_sql(rubric):
    for parsed in (GOLD, WRONG, Parsed(sql=None, problem="no SQL found")):
        score = rubric.score(parsed, EXAMPLE)
        assert tuple(verdict.verifier for verdict in score.verdicts) == rubric.names
    assert score.reward == 0.0
    assert {verdict.reason for verdict in score.verdicts} == {"no SQL found"}


def test_a_rubric_survives_pickling(rubric):
    copy = pickle.loads(pickle.dumps(rubric))
    assert copy.score(GOLD, EXAMPLE) == rubric.score(GOLD, EXAMPLE)
    assert copy.score(WRONG, EXAMPLE) == rubric.score(WRONG, EXAMPLE)
    copy.judge.close()


def test_a_broken_example_is_an_error_not_a_score(rubric):
    with pytest.raises(ExampleError):
        rubric.score(GOLD, replace(EXAMPLE, gold_sql="SELECT nothing FROM nowhere"))


def test_the_configs_pay_what_their_names_say():
    rewards = {}
    for path in CONFIGS:
        rubric = build_rubric(config_of(path))
        queries = ["SELECT name FROM ship", "SELECT nmae FROM ship", "DROP TABLE ship"]
        rewards[path.stem] = [rubric.score(Parsed(sql=q), EXAMPLE).reward for q in queries]
        rubric.judge.close()
    assert rewards["binary"] == [0.0, 0.0, 0.0]
    assert rewards["arctic"] == [0.1, 0.0, 0.0]
    for name in ("sql_verifier", "rubrics"):
        assert 0.1 > rewards[name][0] > rewards[name][1] > rewards[name][2] == 0.0


def test_a_gate_that_fails_takes_the_whole_reward():
    config = VerifierConfig(
        gates=["executes"],
        criteria={"structure": 1.0},
        limits=FAST,
        suite=SuiteConfig(workers=1),
    )
    rubric = build_rubric(config)
    assert rubric.names == ("executes", "equivalent", "structure")
    assert (
        rubric.score(Parsed(sql="SELECT name FROM ship WHERE flagg = 'Malta'"), EXAMPLE).reward == 0
    )
    assert 0 < rubric.score(WRONG, EXAMPLE).reward < 0.1
    assert rubric.score(GOLD, EXAMPLE).reward == 1.0
    rubric.judge.close()


def test_without_a_decisive_verifier_the_criteria_are_the_reward():
    rubric = build_rubric(VerifierConfig(decisive=None, partial=1.0, criteria={"syntax": 1.0}))
    assert rubric.score(WRONG, EXAMPLE).reward == 1.0
    assert rubric.score(Parsed(sql="SELECT FROM"), EXAMPLE).reward == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"criteria": {"struct": 1.0}}, "no verifier named 'struct'; did you mean 'structure'"),
        ({"gates": ["execute"], "partial": 0.0}, "no verifier named 'execute'; did you mean"),
        ({"decisive": "equal", "partial": 0.0}, "no verifier named 'equal'"),
        ({"criteria": {"syntax": 0.5, "schema": 0.4}}, "the weights sum to 0.9"),
        ({"criteria": {"syntax": 1.5, "schema": -0.5}}, "verifier.criteria.schema is negative"),
        ({"partial": 1.5, "criteria": {"syntax": 1.0}}, "verifier.partial is 1.5"),
        ({"partial": 0.1}, "verifier.criteria is empty"),
        ({"decisive": None, "partial": 0.0}, "no verifier named; set verifier.decisive"),
    ],
)
def test_a_rubric_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ConfigError) as caught:
        build_rubric(VerifierConfig(**settings))
    assert message in str(caught.value)


def test_an_example_needs_no_question_to_be_scored():
    example = Example(
        id="x", question="", schema="CREATE TABLE t (a INT)", gold_sql="SELECT a FROM t"
    )
    rubric = build_rubric(VerifierConfig(partial=0.0, suite=SuiteConfig(workers=1)))
    assert rubric.score(Parsed(sql="SELECT t.a FROM t"), example).reward == 1.0
    rubric.judge.close()


def test_a_verifier_that_fails_on_a_query_pays_nothing_for_it(rubric, caplog):
    def fails(_sql, _example):
        raise TypeError("unforeseen")

    fails.name = rubric.names[0]
    broken = replace(rubric, verifiers=(fails, *rubric.verifiers[1:]))
    score = broken.score(GOLD, EXAMPLE)
    assert score.verdicts[0].reason == "it cannot be judged (TypeError: unforeseen)"
    assert score.verdicts[0].score == 0.0
    assert "unforeseen" in caplog.text
