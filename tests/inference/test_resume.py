"""A run that was stopped asks only what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from peft import get_peft_model

from sqlgrpo.config import ModelConfig
from sqlgrpo.inference.generate import Decoding, Generator
from sqlgrpo.inference.journal import Journal
from sqlgrpo.inference.resume import Remembering, who
from sqlgrpo.models import load_model, load_tokenizer, lora, save

TINY = ModelConfig(name="random:tiny", lora_r=4)
DECODING = Decoding(max_new_tokens=4, weights="model", batch_size=1)
QUESTIONS = [[{"role": "user", "content": text}] for text in ("one", "two", "three", "two")]


class Stopped(Exception):
    """Stands for a kill."""


@pytest.fixture(scope="module")
def ask() -> Generator:
    return Generator(load_model(TINY), load_tokenizer(TINY), DECODING)


def remembering(ask: Generator, file: Path, name: str = "me") -> Remembering:
    return Remembering(ask=ask, journal=Journal.open(file), who=name)


def test_a_stopped_run_asks_only_what_is_missing(ask: Generator, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    heard: list[int] = []

    def stop(index: int, _text: str) -> None:
        heard.append(index)
        if len(heard) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        remembering(ask, file)(QUESTIONS, stop)
    assert len(file.read_text().splitlines()) == 2
    again: list[int] = []
    texts = remembering(ask, file)(QUESTIONS, lambda index, _text: again.append(index))

    assert texts == ask(QUESTIONS)
    assert sorted(again) == [0, 1, 2, 3]
    asked = [json.loads(line)["request"] for line in file.read_text().splitlines()]
    assert len(set(asked)) == 3


def test_answers_of_another_model_are_not_taken_for_its_own(ask: Generator, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    remembering(ask, file, "one")(QUESTIONS[:2])
    remembering(ask, file, "other")(QUESTIONS[:2])

    assert len(file.read_text().splitlines()) == 4


def test_new_weights_in_the_same_folder_are_another_model(tmp_path: Path) -> None:
    save(get_peft_model(load_model(TINY), lora(TINY)), tmp_path / "a")
    first = who("tiny", tmp_path / "a", DECODING)
    assert first == who("tiny", tmp_path / "a", DECODING)
    save(get_peft_model(load_model(TINY), lora(TINY)), tmp_path / "a")
    second = who("tiny", tmp_path / "a", DECODING)

    assert len({first, second, who("tiny", tmp_path / "a", Decoding())}) == 3
