"""The model sees what its query does, repairs it, and learns nothing of what it is judged by."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from sqlgrpo.config import EnvironmentConfig, SuiteConfig, TurnsConfig, VerifierConfig
from sqlgrpo.environments import build_environment, converse
from sqlgrpo.errors import ConfigError
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.types import Example

EXAMPLE = Example(
    id="1",
    question="Which cities have more than 7731 inhabitants and belong to the mayor Zanzibari?",
    schema="CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, mayor TEXT, people INTEGER)",
    gold_sql="SELECT name FROM city WHERE people > 7731 AND mayor = 'Zanzibari'",
)
MISSPELT = "SELECT nme FROM city WHERE people > 7731 AND mayor = 'Zanzibari'"
WRONG = "SELECT name FROM city"
SMALL = SuiteConfig(workers=1, databases=3, candidates=8)


def environment(suite: SuiteConfig = SMALL, **turns):
    config = EnvironmentConfig(
        name="multi_turn",
        system_prompt="Write SQL.",
        user_prompt="{schema}\n{question}",
        turns=TurnsConfig(**{"limit": 3} | turns),
    )
    rubric = build_rubric(VerifierConfig(suite=suite, criteria={"executes": 1.0}))
    return build_environment(config, rubric)


@pytest.fixture(scope="module")
def repair():
    built = environment()
    yield built
    built.rubric.judge.close()


def turns(*said: str) -> list[dict[str, str]]:
    """A conversation in which the environment answered each text but the last."""
    messages = []
    for text in said:
        messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "..."}]
    return messages[:-1]


def test_an_error_comes_back_as_the_next_user_message(repair):
    response = repair.env_response(turns(MISSPELT), EXAMPLE)
    assert response["role"] == "user"
    assert "no such column: nme" in response["content"]


def test_a_query_that_runs_comes_back_with_a_few_rows_and_the_way_to_stop(repair):
    content = repair.env_response(turns("SELECT id FROM city"), EXAMPLE)["content"]
    assert "more rows" in content
    assert "reply OK" in content


@pytest.mark.parametrize(
    "said",
    [
        (WRONG, "OK"),
        (WRONG, "ok."),
        (WRONG, "select NAME from city;"),
        (WRONG, EXAMPLE.gold_sql, MISSPELT),
        (MISSPELT, WRONG, MISSPELT),
    ],
    ids=["stops", "stops in its own way", "repeats itself", "has had its turns", "goes in circles"],
)
def test_a_conversation_ends_when_the_model(repair, said):
    assert repair.env_response(turns(*said), EXAMPLE) is None


@pytest.mark.parametrize("said", ["I do not know.", "", "<think>for ever", "SELECT ' " * 9_000])
def test_a_completion_without_a_usable_query_gets_a_short_reply(repair, said):
    content = repair.env_response(turns(said), EXAMPLE)["content"]
    assert content.startswith("Error:")
    assert len(content) < 500


def test_without_rows_a_query_that_runs_ends_the_conversation():
    strict = environment(rows=0)
    replies = strict.env_response_batch([turns(WRONG), turns(MISSPELT)], [EXAMPLE] * 2)
    assert replies[0] is None
    assert "no such column" in replies[1]["content"]
    strict.rubric.judge.close()


def test_long_feedback_is_shortened_and_says_so(repair):
    long = "SELECT " + ", ".join(f"'{'x' * 50}' AS c{i}" for i in range(40)) + " FROM city"
    content = repair.env_response(turns(long), EXAMPLE)["content"]
    assert "... (shortened)" in content
    assert len(content) < 600


def test_a_query_that_never_ends_is_stopped(repair):
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    )
    assert "timed out" in repair.env_response(turns(endless), EXAMPLE)["content"]


def test_feedback_depends_on_neither_the_gold_nor_the_suite_nor_the_real_database(tmp_path, repair):
    """What cannot depend on a secret cannot leak it."""
    file = tmp_path / "real.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute(EXAMPLE.schema)
        connection.execute("INSERT INTO city VALUES (424242, 'Hidden', 'Zanzibari', 9000)")
    other = replace(
        EXAMPLE,
        gold_sql="SELECT mayor FROM city WHERE name = 'Atlantis' OR people = 31337",
        question="Who?",
        database=file,
    )
    elsewhere = environment(replace(SMALL, seed=99))
    for said in (
        WRONG,
        MISSPELT,
        "SELECT * FROM city",
        "SELECT mayor, COUNT(*) FROM city GROUP BY 1",
    ):
        told = [
            environment_.env_response(turns(said), example)["content"]
            for environment_, example in ((repair, EXAMPLE), (repair, other), (elsewhere, EXAMPLE))
        ]
        assert len(set(told)) == 1, said
    elsewhere.rubric.judge.close()


def test_no_literal_of_the_gold_and_no_database_of_the_suite_is_shown(repair):
    shown = repair.rubric.judge.previews([("SELECT * FROM city", EXAMPLE)])[0]
    suite = repair.rubric.judge.suite(EXAMPLE)
    assert shown.rows
    assert not {"Zanzibari", 7731, 7732} & {value for row in shown.rows for value in row}
    assert all(set(shown.rows) != set(contents.tables[0]) for contents in suite.contents)
    aimed = {row for contents in suite.contents for row in contents.tables[0]}
    assert not {row for row in aimed if row[2] == "Zanzibari" or row[3] == 7731} & set(shown.rows)


def test_the_catalog_stays_closed_between_the_turns(repair):
    content = repair.env_response(turns("SELECT sql FROM sqlite_master"), EXAMPLE)["content"]
    assert "not authorized" in content


def test_the_last_query_is_the_answer_and_words_after_it_do_not_undo_it(repair):
    fixed = turns(MISSPELT, EXAMPLE.gold_sql, "OK")
    broken = turns(EXAMPLE.gold_sql, WRONG)
    rewards = [score.reward for score in repair.score_batch([fixed, broken], [EXAMPLE] * 2)]
    assert rewards[0] == 1.0
    assert rewards[1] <= 0.1


def test_further_turns_cost_what_the_setting_says_and_never_more_than_was_earned():
    paid = environment(cost=0.2)
    scores = paid.score_batch(
        [EXAMPLE.gold_sql, turns(MISSPELT, EXAMPLE.gold_sql), turns(MISSPELT, "SELECT 1 FROM x")],
        [EXAMPLE] * 3,
    )
    assert [score.reward for score in scores] == pytest.approx([1.0, 0.8, 0.0])
    assert paid.reward_names == (*paid.rubric.names, "turns")
    for score in scores:
        assert sum(paid.contributions(score).values()) == pytest.approx(score.reward)
    paid.rubric.judge.close()


def test_each_turn_tells_whom_it_fixed_and_whom_it_broke(repair):
    conversations = [
        EXAMPLE.gold_sql,
        turns(MISSPELT, EXAMPLE.gold_sql),
        turns(EXAMPLE.gold_sql, WRONG, EXAMPLE.gold_sql),
        turns(WRONG, "OK"),
    ]
    figures = repair.figures(conversations, [EXAMPLE] * 4)
    assert figures["right_at_turn_1"] == [1.0, 0.0, 1.0, 0.0]
    assert figures["fixed_at_turn_2"] == [0.0, 1.0, 0.0, 0.0]
    assert figures["broken_at_turn_2"] == [0.0, 0.0, 1.0, 0.0]
    assert figures["fixed_at_turn_3"] == [0.0, 0.0, 1.0, 0.0]
    assert figures["reached_turn_2"] == [0.0, 1.0, 1.0, 1.0]


def test_only_conversations_that_go_on_are_asked_again(repair):
    asked = []
    script = {"1": [MISSPELT, EXAMPLE.gold_sql, "OK"], "2": [WRONG, "OK"], "3": ["OK"]}
    examples = [replace(EXAMPLE, id=id_, question=id_) for id_ in script]

    def speak(conversations, _advance):
        asked.append(len(conversations))
        return [script[c[1]["content"][-1]][len(c) // 2 - 1] for c in conversations]

    completions = converse(repair, examples, speak)
    assert asked == [3, 2, 1]
    assert [turn["role"] for turn in completions[0]] == ["assistant", "user"] * 2 + ["assistant"]
    assert [s.reward for s in repair.score_batch(completions, examples)] == [1.0, 0.1, 0.0]


def test_the_warm_start_shows_how_an_error_is_repaired(repair):
    examples = [replace(EXAMPLE, id=str(number)) for number in range(8)]
    shown = repair.demonstrations(examples)
    assert [len(prompt) for prompt, _ in shown] == [2, 4, 2, 2, 2, 4, 2, 2]
    assert {answer["content"] for _, answer in shown} == {EXAMPLE.gold_sql}
    failed, told = shown[1][0][2:]
    assert failed["role"] == "assistant"
    assert "no such column" in told["content"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"limit": 0}, "at least 1"),
        ({"cost": 2.0}, r"\[0, 1\]"),
        ({"max_chars": 5}, "max_chars"),
        ({"error_prompt": "{eror}"}, "'eror' is not one of {error}"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        environment(**change)


def test_settings_of_turns_are_refused_where_there_is_one_turn():
    config = replace(environment().config, name="single_turn")
    with pytest.raises(ConfigError, match="has one turn"):
        build_environment(config, build_rubric(VerifierConfig(criteria={"executes": 1.0})))
