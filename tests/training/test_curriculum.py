"""Prompts that are sometimes right come more often, in a resumed run as in one that was not."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.training.fast_case import trainer

from sqlgrpo.errors import ConfigError
from sqlgrpo.training.curriculum import Curriculum, curriculum_for
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.types import Example, Parsed, Score

PROMPTS = [f"w{number} w{number + 1}" for number in range(6)]
EXAMPLES = [Example(id=prompt, question="", schema="", gold_sql="") for prompt in PROMPTS]


def heard(curriculum: Curriculum, place: int, rewards: list[float]) -> None:
    scores = [Score(reward=reward, parsed=Parsed(sql=None)) for reward in rewards]
    curriculum.hear([PROMPTS[place]] * len(rewards), scores)
    curriculum.on_step_end()


def test_examples_in_the_middle_and_untried_ones_are_drawn_most():
    curriculum = Curriculum(EXAMPLES, seed=0)
    for place, rewards in {0: [0.0] * 16, 1: [1.0] * 16, 2: [0.0, 1.0] * 8}.items():
        heard(curriculum, place, rewards)
    drawn = Counter(place for number in range(500) for place in curriculum.draw(number, 1))
    assert max(drawn[0], drawn[1]) < min(drawn[place] for place in (2, 3, 4, 5)) / 2


def test_a_batch_holds_no_example_twice():
    curriculum = Curriculum(EXAMPLES, seed=0)
    assert all(len(set(curriculum.draw(number, 4))) == 4 for number in range(50))


def run(folder, *, steps: int, resume: str | None = None, prompts: list[str] = PROMPTS):
    examples = [Example(id=prompt, question="", schema="", gold_sql="") for prompt in prompts]
    curriculum = Curriculum(examples, seed=0)

    def reward(completion_ids, **given):
        rewards = [float(sum(ids) % 2) for ids in completion_ids]
        scores = [Score(reward=reward, parsed=Parsed(sql=None)) for reward in rewards]
        curriculum.hear(given["prompts"], scores)
        return rewards

    built = trainer(
        FastGRPOTrainer,
        folder,
        reward=reward,
        questions=prompts,
        gradient_accumulation_steps=1,
        lr_scheduler_type="constant",
        max_steps=steps,
        save_strategy="steps",
        save_steps=4,
    )
    curriculum.attach(built)
    built.train(resume_from_checkpoint=resume)
    return curriculum, built


def test_a_resumed_run_draws_the_same_prompts(tmp_path):
    """Three batches make a pass, so the checkpoint lies inside the second."""
    whole, first = run(tmp_path / "whole", steps=8)
    run(tmp_path / "cut", steps=4)
    resumed, second = run(tmp_path / "cut", steps=8, resume=str(tmp_path / "cut" / "checkpoint-4"))
    assert resumed.drawn == whole.drawn
    assert sum(whole.tried) == 8 * 8
    assert resumed.tried == whole.tried
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert (a == b).all()


@pytest.mark.parametrize("count", [4, 8])
def test_a_resumed_run_may_have_fewer_examples_or_more(tmp_path, count):
    before, _ = run(tmp_path, steps=4)
    pool = [f"w{number} w{number + 1}" for number in range(count)]
    resumed, built = run(tmp_path, steps=8, resume=str(tmp_path / "checkpoint-4"), prompts=pool)
    assert built.state.global_step == 8
    assert len(resumed.tried) == len(resumed.earned) == count
    assert sum(resumed.tried) == sum(before.tried[:count]) + 4 * 8  # nothing heard is forgotten
    assert max(map(max, resumed.drawn)) < count


def test_an_unknown_curriculum_is_refused():
    assert curriculum_for("none", EXAMPLES, 0) is None
    with pytest.raises(ConfigError, match="did you mean 'learnable'"):
        curriculum_for("learnabel", EXAMPLES, 0)
