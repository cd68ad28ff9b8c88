"""Figures of the learning study."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from learning_study import ARMS, check_arms, settings
from record_run import paired
from sqlgrpo.config import Config
from sqlgrpo.settings import read


def answers(*right: int) -> dict[str, bool]:
    return {str(question): question in right for question in range(10)}


def test_seeds_are_compared_question_by_question() -> None:
    found = paired([answers(0, 1)] * 2, [answers(0, 2, 3), answers(1)])

    assert found["gained"] == [2, 0]
    assert found["lost"] == [1, 1]


def test_seeds_are_not_pooled_as_if_they_were_more_questions() -> None:
    found = paired([answers()] * 3, [answers(0, 1), answers(0, 2), answers(0, 3)])

    assert (found["majority_gained"], found["majority_lost"]) == (1, 0)
    assert found["majority_p"] == 1.0


def test_an_override_for_our_reward_leaves_another_arm_its_own() -> None:
    overrides = ["verifier=binary"]
    kept = read(settings(overrides, Path("run"), ARMS["stock_arctic"]), kind=Config)
    assert kept.verifier == read(["verifier=arctic"], kind=Config).verifier
    ours = read(settings(overrides, Path("run"), ARMS["ours"]), kind=Config)
    assert ours.verifier == read(overrides, kind=Config).verifier


def plan(*overrides: str) -> argparse.Namespace:
    arms = ["ours", "stock_arctic"]
    return argparse.Namespace(overrides=list(overrides), run=Path("run"), arms=arms)


def test_an_arm_whose_passes_repeat_each_other_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    check_arms(plan("+training.trl.steps_per_generation=2", "+training.trl.num_iterations=2"))
    said = capsys.readouterr().err
    assert "stock_arctic: training.trl.steps_per_generation: 2 micro-batches" in said
    assert "ours:" not in said


def test_settings_that_would_end_an_arm_end_the_study_before_it_trains() -> None:
    with pytest.raises(SystemExit, match="ours cannot be trained"):
        check_arms(plan("+training.trl.use_transformers_continuous_batching=true"))
