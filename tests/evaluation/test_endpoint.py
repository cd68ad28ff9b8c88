"""Models behind a server: concurrent, patient, resumable, and every failure on record."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from rich.console import Console
from tests.evaluation.chat_server import local_model, serving

from sqlgrpo.config import EvaluateConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.run import run
from sqlgrpo.settings import read

SCHEMA = "CREATE TABLE city (name TEXT, people INTEGER)"
GOLDS = {
    "How many cities are there?": "SELECT COUNT(*) FROM city",
    "Which cities are there?": "SELECT name FROM city",
    "How many people live in all cities?": "SELECT SUM(people) FROM city",
}


@pytest.fixture
def data(tmp_path) -> Path:
    rows = [{"question": q, "context": SCHEMA, "answer": gold} for q, gold in GOLDS.items()]
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def evaluate(chat_url: str, data: Path, *more: str):
    overrides = [
        "policy=endpoint",
        f"endpoint.base_url={chat_url}",
        "endpoint.model=some-model",
        "endpoint.backoff_s=0.01",
        "endpoint.retries=2",
        "data=jsonl",
        f"data.path={data}",
        "split=all",
        "evaluation.max_new_tokens=32",
        "verifier.suite.workers=1",
        "verifier.suite.cache_dir=null",
        f"output_dir={data.parent / 'out'}",
        *more,
    ]
    return run(read(overrides, name="evaluate", kind=EvaluateConfig), Console(quiet=True))


def gold(messages) -> str:
    return next(sql for q, sql in GOLDS.items() if messages[1]["content"].endswith(q))


def journal(data: Path) -> list[dict]:
    lines = (data.parent / "out" / "completions" / "endpoint.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_server_that_knows_the_answers_gets_every_point(data):
    with serving(gold) as chat:
        measured = evaluate(chat.url, data)
    assert measured.figures["suite_accuracy"].value == 1.0
    assert {body["model"] for body in chat.asked} == {"some-model"}
    assert {body["max_tokens"] for body in chat.asked} == {32}


def test_it_sees_the_error_of_its_query_and_repairs_it(data):
    def clumsy(messages):
        first = len(messages) == 2
        return gold(messages).replace("city", "town") if first else gold(messages)

    with serving(clumsy) as chat:
        measured = evaluate(chat.url, data, "environment=multi_turn", "environment.turns.rows=0")
    assert measured.figures["suite_accuracy"].value == 1.0
    assert measured.figures["fixed_at_turn_2"].value == 1.0
    assert "no such table: town" in chat.asked[-1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "trouble",
    [
        500,
        429,
        b"<html>bad gateway</html>",
        b'{"choices": []}',
        b"",
        b'{"choices": [{"message": {"content": null}}]}',
    ],
    ids=["fails", "is busy", "sends a page", "sends no choice", "sends nothing", "sends no text"],
)
def test_a_server_that_at_first(trouble, data):
    seen = set()

    def shaky(messages):
        question = messages[1]["content"]
        fresh = question not in seen
        seen.add(question)
        return trouble if fresh else gold(messages)

    with serving(shaky) as chat:
        measured = evaluate(chat.url, data)
    assert measured.figures["suite_accuracy"].value == 1.0
    assert len(chat.asked) == 6


def test_what_fails_for_good_is_on_record_and_the_next_run_asks_only_that(data):
    down = [True]

    def failing(messages):
        bad = down[0] and "SUM" in gold(messages)
        return 500 if bad else gold(messages)

    with serving(failing) as chat:
        measured = evaluate(chat.url, data)
        assert measured.figures["suite_accuracy"].value == pytest.approx(2 / 3, abs=1e-3)
        assert [row["error"][:10] for row in journal(data) if row["error"]] == ["status 500"]
        down[0], before = False, len(chat.asked)
        again = evaluate(chat.url, data)
    assert again.figures["suite_accuracy"].value == 1.0
    assert len(chat.asked) == before + 1


def test_a_journal_that_lost_the_end_of_its_last_line_is_read(data):
    with serving(gold) as chat:
        evaluate(chat.url, data)
        file = data.parent / "out" / "completions" / "endpoint.jsonl"
        file.write_text(file.read_text()[:-20])
        measured = evaluate(chat.url, data)
    assert measured.figures["suite_accuracy"].value == 1.0
    assert len(chat.asked) == 4


def test_a_server_that_stalls_costs_one_example_and_not_the_run(data):
    def stalling(messages):
        if "SUM" in gold(messages):
            time.sleep(1.5)
        return gold(messages)

    options = ["endpoint.timeout_s=0.5", "endpoint.retries=0", "endpoint.concurrency=1"]
    with serving(stalling) as chat:
        measured = evaluate(chat.url, data, *options)
    assert measured.figures["suite_accuracy"].value == pytest.approx(2 / 3, abs=1e-3)
    assert any("ReadTimeout" in row["error"] for row in journal(data))


def test_a_request_that_can_never_succeed_is_not_repeated(data):
    with serving(lambda _: 400) as chat:
        assert evaluate(chat.url, data).figures["suite_accuracy"].value == 0.0
    assert len(chat.asked) == 3


@pytest.mark.parametrize(
    ("status", "message"), [(401, "key is refused"), (404, "no such model or address")]
)
def test_a_server_that_would_refuse_every_request_ends_the_run(status, message, data):
    with serving(lambda _: status) as chat, pytest.raises(ConfigError, match=message):
        evaluate(chat.url, data)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("endpoint.base_url=localhost:8000", "name a server"),
        ("endpoint.model=''", "endpoint.model is empty"),
        ("endpoint.concurrency=0", "concurrency"),
    ],
)
def test_settings_that_name_nobody_to_ask_are_refused(override, message, data):
    with pytest.raises(ConfigError, match=message):
        evaluate("http://127.0.0.1:9/v1", data, override)


def test_a_real_model_behind_the_server_is_scored_in_two_turns(data):
    with serving(local_model()) as chat:
        measured = evaluate(chat.url, data, "environment=multi_turn")
    assert measured.figures["reached_turn_2"].value == 1.0
    assert len(chat.asked) == 6
