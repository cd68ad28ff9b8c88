"""Figures of the learning study."""

from __future__ import annotations

from learning_study import paired


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
