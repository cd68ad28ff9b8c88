"""A real model, SmolLM2-135M through transformers, behind a chat-completions server: what others'
tools and ours say of it."""

from __future__ import annotations

import pytest
from rich.console import Console
from tests.evaluation.chat_server import local_model, serving
from tests.packages.offline import data_file, overrides, vf_eval

from sqlgrpo.config import EvaluateConfig
from sqlgrpo.environments.prime import environment_of, examples_of
from sqlgrpo.evaluation.run import run
from sqlgrpo.settings import read

GOLDS = {
    "Write a SQL query that counts all rows of city.": "SELECT COUNT(*) FROM city",
    "Write a SQL query that selects the name of every city.": "SELECT name FROM city",
}
PROMPT = "environment.system_prompt='Reply with one SQL query and nothing else.'"


@pytest.fixture(scope="module")
def chat():
    with serving(local_model("wheel:smollm2-135m", max_new_tokens=24)) as served:
        yield served


@pytest.mark.parametrize(("environment", "most_turns"), [("single_turn", 1), ("multi_turn", 2)])
def test_vf_eval_pays_its_answers_what_our_environment_pays(
    chat, tmp_path, environment, most_turns
):
    file = data_file(tmp_path, GOLDS)
    settings = overrides(file, f"environment={environment}", f'"{PROMPT}"')
    episodes = vf_eval(tmp_path, chat.url, settings)
    ours, examples = environment_of(settings), {e.id: e for e in examples_of(settings, "all")}
    at_first, turns = [], []
    for (trace,) in (episode["traces"] for episode in episodes):
        said = [node["message"] for node in trace["nodes"][2:]]
        example = examples[trace["task"]["data"]["id"]]
        paid = sum(reward["score"] for reward in trace["rewards"].values())
        assert ours.score(said, example).reward == pytest.approx(paid)
        at_first.append(ours.score(said[:1], example).reward)
        turns.append(sum(message["role"] == "assistant" for message in said))
    assert max(at_first) == 1.0  # it can count rows
    assert max(turns) == most_turns
    ours.rubric.judge.close()


def test_evaluate_scores_it_as_an_endpoint_in_two_turns(chat, tmp_path):
    before = len(chat.asked)
    settings = [
        *("policy=endpoint", f"endpoint.base_url={chat.url}", "endpoint.model=smollm2"),
        *("data=jsonl", f"data.path={data_file(tmp_path, GOLDS)}", "split=all"),
        *("environment=multi_turn", PROMPT, "verifier.suite.workers=1"),
        *("verifier.suite.cache_dir=null", f"output_dir={tmp_path / 'out'}"),
    ]
    config = read(settings, name="evaluate", kind=EvaluateConfig)
    figures = run(config, Console(quiet=True)).figures
    assert figures["suite_accuracy"].n == len(GOLDS)
    assert figures["right_at_turn_1"].value >= 1 / len(GOLDS)
    assert figures["reached_turn_2"].value > 0
    assert len(chat.asked) > before + len(GOLDS)
