"""Which examples a run gets."""

import json

import pytest
from rich.console import Console

from sqlgrpo.config import Config, TrainingConfig
from sqlgrpo.config.training import WarmStartConfig
from sqlgrpo.environments import build_environment
from sqlgrpo.models import load_tokenizer
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.examples import by_length, for_grpo, prepare
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.types import Example

SETTINGS = (
    "experiment=quickstart",
    "model=tiny",
    "data=jsonl",
    "data.quirks.casefold_text=true",
    "data.validation=2",
    "data.test=3",
    "training.warm_start.enabled=false",
    "training.batch_size=1",
    "training.micro_batch_groups=1",
)
CITIES = ("Rome", "Oslo", "Lima", "Bern", "Kyiv", "Riga", "Baku", "Cork", "Bonn", "Nice")


def test_golds_in_the_case_of_the_question_move_no_example_to_another_split(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [
        {
            "question": f"Who is from {city}?",
            "context": f"CREATE TABLE people_{city} (name TEXT, city TEXT)",
            "answer": f"SELECT name FROM people_{city} WHERE city = '{city.lower()}'",
        }
        for city in CITIES
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    golds, ids = {}, {}
    for wanted in (False, True):
        given = [f"data.question_case={wanted}", f"output_dir={tmp_path / str(wanted)}"]
        config = read([*SETTINGS, f"data.path={file}", *given], kind=Config)
        environment = build_environment(config.environment, build_rubric(config.verifier))
        try:
            data = prepare(
                config,
                environment,
                load_tokenizer(config.model),
                RunFolder.open(config),
                Console(quiet=True),
            )
        finally:
            environment.rubric.judge.close()
        parts = (data.train, data.validation, data.test)
        ids[wanted] = [sorted(example.question for example in part) for part in parts]
        golds[wanted] = [[example.gold_sql for example in part] for part in parts]
        audit = json.loads((tmp_path / str(wanted) / "audit.json").read_text())
        assert audit["repaired"].get("question_case", 0) == wanted * len(data.train)
    assert ids[True] == ids[False]
    assert golds[True][1:] == golds[False][1:]
    assert all(any(f"'{city}'" in gold for city in CITIES) for gold in golds[True][0])


def test_a_prompt_is_measured_where_a_character_may_be_several_tokens(tmp_path):
    """A byte-level tokenizer reads up to three tokens in a character of Chinese."""
    example = Example(id="a", question="谁" * 400, schema="", gold_sql="SELECT 1")
    config = read([*SETTINGS, "data.max_prompt_tokens=512", f"output_dir={tmp_path}"], kind=Config)
    environment = build_environment(config.environment, build_rubric(config.verifier))
    measured = []

    class ByteLevel:
        def apply_chat_template(self, messages, **_):
            measured.append([*"".join(message["content"] for message in messages).encode()])
            return measured[-1]

    try:
        fits, long = by_length([example], environment, ByteLevel(), config)
    finally:
        environment.rubric.judge.close()
    assert fits == []
    assert long[0].reason.startswith(f"{len(measured[0])} prompt tokens")


@pytest.mark.parametrize(
    ("total", "steps", "read"),
    [
        (180, 40, 80),  # each of the 80 is read four times
        (180, 41, 180),
        (100, 40, 100),  # none is left
        (103, 1, 103),  # three are no batch
        (108, 1, 8),
    ],
)
def test_grpo_reads_what_the_warm_start_left_unless_that_is_too_little(total, steps, read):
    train = [Example(id=str(n), question="", schema="", gold_sql="") for n in range(total)]
    warm = WarmStartConfig(enabled=True, examples=100)
    training = TrainingConfig(max_steps=steps, batch_size=8, warm_start=warm)
    assert for_grpo(train, training) == train[total - read :]
    alone = TrainingConfig(max_steps=steps, batch_size=8)
    assert for_grpo(train, alone) == train
