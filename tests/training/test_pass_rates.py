"""Pass rates before GRPO: sampled once for each example, kept, and where a curriculum starts."""

from __future__ import annotations

import json

import pytest
from rich.console import Console
from tests.training.tiny_run import config, run

from sqlgrpo.config import TrainingConfig
from sqlgrpo.environments import build_environment
from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.generate import Decoding
from sqlgrpo.progress import phase
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.training.curriculum import Curriculum
from sqlgrpo.training.pass_rates import estimate, read
from sqlgrpo.types import Example

SCHEMA = "CREATE TABLE book (title TEXT, pages INTEGER)"
GOLD = "SELECT title FROM book WHERE pages > 300"
EXAMPLES = [
    Example(id=f"{place}", question="Long books?", schema=SCHEMA, gold_sql=GOLD)
    for place in range(40)
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    settings = config(tmp_path_factory.mktemp("unused"))
    built = build_environment(settings.environment, build_rubric(settings.verifier))
    yield built
    built.rubric.judge.close()


class Halfway:
    """Right once of the two times that an example with an even number is asked for, else wrong."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, examples, _advance):
        said = []
        for example in examples:
            even = int(example.id) % 2 == 0
            said.append(GOLD if even and example.id not in self.asked else "SELECT 1")
            self.asked.append(example.id)
        return said


def measured(policy, environment, file):
    with phase(Console(quiet=True), "pass rates", len(EXAMPLES)) as report:
        return estimate(EXAMPLES, 2, policy, environment, file, report)


def test_a_run_that_was_stopped_samples_only_what_is_missing(environment, tmp_path):
    file, first, second = tmp_path / "pass_rates.jsonl", Halfway(), Halfway()
    rates = measured(first, environment, file)
    assert sorted(first.asked) == sorted(example.id for example in EXAMPLES * 2)
    assert all((earned >= 1.0) == (int(i) % 2 == 0) for i, (earned, _) in rates.items())
    assert read(file) == rates
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:30]) + "\n" + lines[30][:9])
    assert measured(second, environment, file) == rates
    assert set(second.asked) == {json.loads(line)["id"] for line in lines[30:]}
    assert read(file) == rates


def test_an_example_that_is_sometimes_right_is_drawn_first():
    curriculum = Curriculum(EXAMPLES, seed=0)
    curriculum.start_from({example.id: (0.0, 64) for example in EXAMPLES} | {"gone": (1.0, 2)})
    curriculum.start_from({"0": (64.0, 64)})  # half of them right, with those above
    places = [place for number in range(200) for place in curriculum.draw(number, 1)]
    assert places.count(0) > 40  # 5 if all were drawn alike


def test_samples_are_drawn_as_grpo_draws_them():
    decoding = Decoding.sampled(TrainingConfig(temperature=0.7, batch_size=4, num_generations=6))
    assert (decoding.temperature, decoding.batch_size, decoding.max_new_tokens) == (0.7, 24, 128)


def test_a_run_estimates_pass_rates_before_its_first_step(tmp_path):
    folder = run(tmp_path / "run", "training.curriculum=learnable", "training.curriculum_samples=2")
    state = json.loads((folder.root / "checkpoint-4" / "trainer_state.json").read_text())
    tried = state["stateful_callbacks"]["Curriculum"]["attributes"]["tried"]
    rates = read(folder.pass_rates)
    assert len(rates) == len(tried)
    assert {n for _, n in rates.values()} == {2}
    assert sum(tried) == 2 * len(tried) + 4 * 8  # and those of four steps of eight completions


def test_samples_that_no_curriculum_reads_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"training\.curriculum_samples"):
        run(tmp_path / "run", "training.curriculum_samples=2")
