"""Groups are judged while others are still being sampled."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from datasets import Dataset
from tests.training.fast_case import trainer

from sqlgrpo.config import Config
from sqlgrpo.environments import build_environment
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.ahead import verified_ahead
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.training.rewards import verifier_rewards
from sqlgrpo.types import Example, Parsed

EXAMPLES = [
    Example(
        id=str(number),
        question="How many?",
        schema="CREATE TABLE city (name TEXT, population INTEGER)",
        gold_sql=f"SELECT COUNT(*) + {number} FROM city",
    )
    for number in range(4)
]
ROWS = [{"prompt": f"w{3 * n} w{n}", "example_id": str(n)} for n in range(4)]


def parsed_by(place: dict[str, list[str]]):
    """Random words read as queries, so that there is something to judge."""

    def parse(text: str) -> Parsed:
        place.setdefault(threading.current_thread().name, []).append(text)
        return Parsed(sql=f"SELECT COUNT(*) + {len(text) % 4} FROM city")

    return parse


@pytest.fixture
def environment():
    config = read(["data=builtin", "verifier.suite.cache_dir=null"], kind=Config)
    built = build_environment(config.environment, build_rubric(config.verifier))
    yield built
    built.rubric.judge.close()


def built(environment, folder):
    rewards = verifier_rewards(environment, EXAMPLES)
    made = trainer(FastGRPOTrainer, folder, reward=rewards, questions=["w1"])
    made.train_dataset = Dataset.from_list(ROWS)
    return made


def test_every_group_is_parsed_and_judged_in_the_thread(tmp_path, environment):
    texts: dict[str, list[str]] = {}
    watched = replace(environment, parse=parsed_by(texts))
    made = built(watched, tmp_path)
    with verified_ahead(made, watched, EXAMPLES, made.processing_class):
        made.train()
    main = texts.pop(threading.current_thread().name)
    (ahead,) = texts.values()
    assert len(main) == 2 * 2 * 8  # steps, micro-batches, completions
    assert sorted(ahead) == sorted(main)
    assert made.on_completion is None


def test_rewards_are_the_same_with_it(tmp_path, environment):
    def rewards(folder, *, ahead: bool):
        watched = replace(environment, parse=parsed_by({}))
        made = built(watched, folder)
        if ahead:
            with verified_ahead(made, watched, EXAMPLES, made.processing_class):
                made.train()
        else:
            made.train()
        return [row["reward"] for row in made.state.log_history if "reward" in row]

    assert rewards(tmp_path / "a", ahead=True) == rewards(tmp_path / "b", ahead=False)


def test_our_own_bug_in_the_thread_is_not_lost(tmp_path, environment):
    def parse(_text: str) -> Parsed:
        if threading.current_thread() is not threading.main_thread():
            raise KeyError("bug")
        return Parsed(sql=None, problem="nothing")

    watched = replace(environment, parse=parse)
    made = built(watched, tmp_path)
    with (
        pytest.raises(KeyError, match="bug"),
        verified_ahead(made, watched, EXAMPLES, made.processing_class),
    ):
        made.train()
