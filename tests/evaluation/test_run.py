"""``evaluate.py`` end to end: the policies that measure the verifier itself, and a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from sqlgrpo.config import EvaluateConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.run import run
from sqlgrpo.inference.generate import Generator
from sqlgrpo.settings import read

QUIET = Console(quiet=True)
SMALL = [
    "data=builtin",
    "data.size=400",
    "data.validation=20",
    "data.test=30",
    "verifier.suite.cache_dir=null",
]


def evaluate(folder: Path, *overrides: str):
    settings = [*SMALL, f"output_dir={folder}", *overrides]
    return run(read(settings, name="evaluate", kind=EvaluateConfig), QUIET)


def test_every_gold_earns_everything(tmp_path):
    figures = evaluate(tmp_path, "policy=gold").figures
    assert {figures[name].value for name in ("reward", "suite_accuracy", "exact_match")} == {1.0}
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written["gold"]["suite_accuracy"]["n"] == figures["suite_accuracy"].n > 20


def test_a_row_that_cannot_be_measured_is_counted_and_listed(tmp_path):
    row = {
        "question": "How many shops?",
        "context": "CREATE TABLE shop (id INTEGER)",
        "answer": "SELECT COUNT(*) FROM shop",
    }
    file = tmp_path / "rows.jsonl"
    lost = row | {"id": "lost", "db": "nowhere.sqlite"}
    file.write_text("".join(json.dumps(each) + "\n" for each in (row, lost)))
    more = ["policy=gold", "data=jsonl", f"data.path={file}", "split=all"]
    assert evaluate(tmp_path / "out", *more).figures["suite_accuracy"].n == 1
    told = (tmp_path / "out" / "audit-gold.json").read_text()
    assert "missing_database" in told
    assert '"lost"' in told


@pytest.mark.slow
def test_no_hack_is_paid(tmp_path):
    measured = evaluate(tmp_path, "policy=hacks")
    assert len(measured.scores) >= 40
    assert max(score.reward for score in measured.scores) <= 0.1
    lines = (tmp_path / "completions" / "evaluation-hacks.jsonl").read_text().splitlines()
    assert len(lines) == len(measured.scores)


def test_the_base_model_can_be_measured(tmp_path):
    changes = ["policy=base", "model=tiny", "evaluation.limit=4", "evaluation.max_new_tokens=4"]
    assert evaluate(tmp_path, *changes).figures["suite_accuracy"].n == 4


def test_an_evaluation_that_was_stopped_asks_no_answer_twice(tmp_path, monkeypatch):
    def out_of_memory(*_: object) -> None:
        raise MemoryError

    asked: list[int] = []
    ask = Generator.__call__

    def counted(self, conversations, *hear):
        asked.append(len(conversations))
        return ask(self, conversations, *hear)

    monkeypatch.setattr(Generator, "__call__", counted)
    changes = ["policy=base", "model=tiny", "evaluation.limit=4", "evaluation.max_new_tokens=4"]
    with monkeypatch.context() as broken:
        broken.setattr("sqlgrpo.evaluation.run.score_completions", out_of_memory)
        with pytest.raises(MemoryError):
            evaluate(tmp_path, *changes)
    assert evaluate(tmp_path, *changes).figures["suite_accuracy"].n == 4
    assert asked == [4, 0]
    assert [file.name for file in (tmp_path / "completions").iterdir()] == ["evaluation-base.jsonl"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("policy=godl", "did you mean 'gold'"),
        ("policy=checkpoint", "name a checkpoint=DIR"),
        ("checkpoint=/nowhere", "no such folder"),
        ("split=tst", "did you mean 'test'"),
        ("evaluation.weights=flaot32", "did you mean 'float32'"),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_clear_line(tmp_path, override, message):
    policies = {"split": ["policy=gold"], "evaluation": ["policy=base", "model=tiny"]}
    more = policies.get(override.partition("=")[0].partition(".")[0], [])
    with pytest.raises(ConfigError, match=message):
        evaluate(tmp_path, *more, override)
