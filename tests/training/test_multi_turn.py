"""Conversations in training: exact tokens, feedback without loss, the same gradients as stock."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from datasets import Dataset
from rich.console import Console
from safetensors.torch import load_file
from tests.training.fast_case import llama, trainer
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from sqlgrpo.config import (
    Config,
    EnvironmentConfig,
    ModelConfig,
    SuiteConfig,
    TurnsConfig,
    VerifierConfig,
)
from sqlgrpo.environments import build_environment
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.models import load_model, resolve
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.fast import FastGRPOTrainer, FastOptions
from sqlgrpo.training.grpo import train
from sqlgrpo.training.multi_turn import TurnRollout, suffix_ids
from sqlgrpo.types import Example

SCHEMA = "CREATE TABLE city (name TEXT, people INTEGER)"
EXAMPLES = [
    Example(id=q, question=q, schema=SCHEMA, gold_sql="SELECT name FROM city") for q in ("a?", "b?")
]


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(resolve("random:tiny"))


@pytest.fixture(scope="module")
def environment():
    config = EnvironmentConfig(
        name="multi_turn",
        system_prompt="Write SQL.",
        user_prompt="{schema}\n{question}",
        turns=TurnsConfig(limit=3),
    )
    suite = SuiteConfig(workers=1, databases=2, candidates=4)
    built = build_environment(config, build_rubric(VerifierConfig(suite=suite, partial=0.0)))
    yield built
    built.rubric.judge.close()


class Scripted:
    """Stands in for sampling: texts by conversation, ended or cut off."""

    def __init__(self, tokenizer, said: list[list[str]], context: int = 4_000) -> None:
        self.tokenizer, self.said, self.contexts = tokenizer, said, []
        self.eos_token_ids = [tokenizer.eos_token_id]
        self.num_generations = 2
        config = SimpleNamespace(max_position_embeddings=context)
        self.model = SimpleNamespace(
            training=True, config=SimpleNamespace(get_text_config=lambda: config)
        )
        self.accelerator = SimpleNamespace(num_processes=1, unwrap_model=lambda model: model)

    def _generate_single_turn(self, contexts, _images, _fields, _group):
        self.contexts.append(contexts)
        texts = self.said[len(self.contexts) - 1]
        assert len(texts) == len(contexts)
        tokens = [self.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
        return tokens, [[-0.5] * len(row) for row in tokens]


def rollout(environment, tokenizer, **options) -> TurnRollout:
    settings = {"chat": True, "max_new_tokens": 20} | options
    return TurnRollout(environment, EXAMPLES, tokenizer, **settings)


END = "<|im_end|>"


def test_a_conversation_is_one_row_of_tokens_as_the_chat_template_writes_it(environment, tokenizer):
    said = [["SELECT nme FROM city" + END, "SELECT name FROM city" + END], ["OK" + END, "OK" + END]]
    prompts = [environment.messages(example) for example in EXAMPLES]
    out = rollout(environment, tokenizer)(prompts, Scripted(tokenizer, said))
    for prompt, ids, tokens, turns in zip(
        prompts, out["prompt_ids"], out["completion_ids"], out["turns"], strict=True
    ):
        whole = tokenizer.apply_chat_template([*prompt, *turns], tokenize=False)
        assert tokenizer.decode(ids + tokens) + "\n" == whole


def test_only_sampled_tokens_carry_a_loss(environment, tokenizer):
    said = [["SELECT nme FROM city" + END], ["SELECT name FROM city" + END], ["OK" + END]]
    prompts = [environment.messages(EXAMPLES[0])]
    out = rollout(environment, tokenizer)(prompts, Scripted(tokenizer, said))
    tokens, mask, logps = (out[key][0] for key in ("completion_ids", "env_mask", "logprobs"))
    assert len(tokens) == len(mask) == len(logps)
    sampled = tokenizer.decode([t for t, m in zip(tokens, mask, strict=True) if m])
    assert sampled == "".join(text for (text,) in said)
    assert [logp for logp, m in zip(logps, mask, strict=True) if not m] == [0.0] * mask.count(0)


def test_a_turn_that_was_cut_off_is_ended_by_a_token_without_loss(environment, tokenizer):
    said = [["SELECT nme FROM"], ["SELECT name FROM city" + END], ["OK" + END]]
    prompts = [environment.messages(EXAMPLES[0])]
    out = rollout(environment, tokenizer)(prompts, Scripted(tokenizer, said))
    cut = len(tokenizer("SELECT nme FROM", add_special_tokens=False)["input_ids"])
    assert out["completion_ids"][0][cut] == tokenizer.eos_token_id
    assert out["env_mask"][0][: cut + 1] == [1] * cut + [0]


def test_only_rows_that_go_on_are_generated_again_from_their_exact_tokens(environment, tokenizer):
    scripted = Scripted(tokenizer, [["OK" + END, "SELECT nme FROM city" + END], ["OK" + END]])
    prompts = [environment.messages(example) for example in EXAMPLES]
    out = rollout(environment, tokenizer)(prompts, scripted)
    assert [len(batch) for batch in scripted.contexts] == [2, 1]
    assert (out["prompt_ids"][1] + out["completion_ids"][1])[: len(scripted.contexts[1][0])] == (
        scripted.contexts[1][0]
    )


def test_a_conversation_that_would_outgrow_the_context_ends(environment, tokenizer):
    scripted = Scripted(tokenizer, [["SELECT nme FROM city" + END]], context=60)
    out = rollout(environment, tokenizer)([environment.messages(EXAMPLES[0])], scripted)
    assert len(out["turns"][0]) == 1


def test_a_base_model_reads_feedback_as_plain_text(environment, tokenizer):
    said = [["SELECT nme FROM city\n\n"], ["SELECT name FROM city\n\n"], ["OK\n\n"]]
    rolled = rollout(environment, tokenizer, chat=False)
    out = rolled([rolled._prompt(EXAMPLES[0])], Scripted(tokenizer, said))
    text = tokenizer.decode(out["completion_ids"][0])
    assert text.startswith("SELECT nme FROM city\n\nError: no such column: nme\n")
    assert "\n\nSQL:\nSELECT name" in text


@pytest.mark.parametrize("others_go_on", [1, 0])
def test_a_process_whose_conversations_are_over_takes_part_until_all_are(
    environment, tokenizer, others_go_on
):
    """Generation gathers weights (ZeRO-3), so no process may leave it out."""
    scripted = Scripted(tokenizer, [["OK" + END], ["SELECT name FROM city" + END]])
    counts = iter([1, others_go_on, 0])
    scripted.accelerator.num_processes = 2
    scripted.accelerator.device = "cpu"
    scripted.accelerator.gather = lambda own: torch.stack([own[0], torch.tensor(next(counts))])
    out = rollout(environment, tokenizer)([environment.messages(EXAMPLES[0])], scripted)
    assert len(scripted.contexts) == 1 + others_go_on
    assert tokenizer.decode(out["completion_ids"][0]) == "OK" + END
    assert [turn["content"] for turn in out["turns"][0]] == ["OK"]


def real_trainer(kind, folder: Path, tokenizer, **settings):
    options = {"num_generations": 4, "per_device_train_batch_size": 8, "max_completion_length": 12}
    quiet = {"use_cpu": True, "bf16": False, "report_to": [], "disable_tqdm": True}
    return kind(
        model=load_model(ModelConfig(name="random:tiny")),
        args=GRPOConfig(output_dir=str(folder), **options, **quiet, **settings),
        processing_class=tokenizer,
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        train_dataset=Dataset.from_list([{"prompt": "x"}] * 2),
        **({"fast": FastOptions(sampling="model")} if kind is FastGRPOTrainer else {}),
    )


def conversations(environment, tokenizer, built):
    groups = [environment.messages(example) for example in EXAMPLES for _ in range(4)]
    return rollout(environment, tokenizer, max_new_tokens=12)(groups, built)


def test_greedy_conversations_are_those_of_stock_and_equal_ones_are_read_once(
    environment, tokenizer, tmp_path
):
    greedy = {"generation_kwargs": {"do_sample": False}}
    fast, stock = (
        real_trainer(kind, tmp_path, tokenizer, **greedy) for kind in (FastGRPOTrainer, GRPOTrainer)
    )
    shared, plain = (conversations(environment, tokenizer, built) for built in (fast, stock))
    assert shared["completion_ids"] == plain["completion_ids"]
    assert all(len(turns) == 5 for turns in shared["turns"])
    saved = fast._metrics["train" if fast.model.training else "eval"]["sharing/rollout"]
    assert len(saved) == 3
    assert all(factor >= 4 for factor in saved)


def test_conversations_that_parted_still_share_their_prompt_and_keep_their_probabilities(
    environment, tokenizer, tmp_path
):
    fast = real_trainer(FastGRPOTrainer, tmp_path, tokenizer)
    torch.manual_seed(0)
    out = conversations(environment, tokenizer, fast)
    assert len({tuple(ids) for ids in out["completion_ids"]}) == 8
    saved = fast._metrics["train" if fast.model.training else "eval"]["sharing/rollout"]
    assert all(factor > 1.2 for factor in saved)
    for prompt, ids, mask, logps in zip(
        *(out[key] for key in ("prompt_ids", "completion_ids", "env_mask", "logprobs")), strict=True
    ):
        with torch.no_grad():
            scores = fast.model(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1]
        expected = scores.log_softmax(dim=-1).gather(1, torch.tensor(ids)[:, None])[:, 0]
        written = torch.tensor(mask, dtype=torch.bool)
        torch.testing.assert_close(
            torch.tensor(logps)[written], expected[written], atol=1e-4, rtol=0
        )


def test_a_template_that_rewrites_earlier_turns_is_refused():
    class Rewriting:
        eos_token_id = 9

        def apply_chat_template(self, messages, **_):
            return [len(messages), 9]

    with pytest.raises(ConfigError, match="changes earlier turns"):
        suffix_ids(Rewriting(), {"role": "user", "content": "Error"})


@pytest.mark.parametrize("skip_flat", [True, False])
def test_stock_and_fast_trainers_move_the_weights_alike_when_feedback_is_masked(
    tmp_path, skip_flat
):
    """Rows of one group share their first tokens but not their masks."""

    def rolled(prompts, built):
        ids = [built.processing_class(prompt)["input_ids"] for prompt in prompts]
        rows = [[5, 6, 7 + i % 3, 1, 20, 21, 9 + i % 4, 1] for i in range(len(prompts))]
        masks = [[1, 1, 1, 1, 0, 0, 1, 1] if i % 4 else [1] * 8 for i in range(len(prompts))]
        return {"prompt_ids": ids, "completion_ids": rows, "logprobs": None, "env_mask": masks}

    options = {"rollout_func": rolled}
    fast_options = options | {"fast": FastOptions(skip_flat=skip_flat)}
    stock = trainer(GRPOTrainer, tmp_path / "a", model=llama(), extra=options)
    fast = trainer(FastGRPOTrainer, tmp_path / "b", model=llama(), extra=fast_options)
    stock.train()
    fast.train()
    for (name, a), (_, b) in zip(
        stock.model.named_parameters(), fast.model.named_parameters(), strict=True
    ):
        assert torch.allclose(a, b, atol=2e-5), name


SMALL = [
    "experiment=quickstart",
    "model=tiny",
    "environment=multi_turn",
    "training.batch_size=2",
    "training.micro_batch_groups=1",
    "training.num_generations=4",
    "training.max_steps=2",
    "training.eval_every=1",
    "training.max_completion_tokens=8",
    "training.warm_start.examples=16",
    "training.autocast=null",
    "data.size=200",
    "data.validation=2",
    "data.test=4",
    "evaluation.max_new_tokens=8",
    "verifier.suite.cache_dir=null",
]


def run(folder: Path, *more: str):
    return train(read([*SMALL, f"output_dir={folder}", *more], kind=Config), Console(quiet=True))


@pytest.mark.slow
def test_a_run_in_several_turns_is_measured_by_turn_and_ends_alike_when_it_was_killed(tmp_path):
    whole = run(tmp_path / "whole")
    figures = read_stages(whole.evaluation)["grpo"]
    assert figures["reached_turn_2"].value == 1.0
    assert {"right_at_turn_1", "fixed_at_turn_2", "broken_at_turn_2"} <= figures.keys()
    rows = [json.loads(line) for line in whole.metrics.read_text().splitlines()]
    steps = [row for row in rows if row["stage"] == "grpo" and "reward" in row]
    assert all("fixed_at_turn_2" in row for row in steps)
    killed = tmp_path / "killed"
    shutil.copytree(whole.root, killed)
    shutil.rmtree(killed / "checkpoint-2")
    (killed / "evaluation.json").unlink()
    config = killed / "config.yaml"
    config.write_text(config.read_text().replace(str(whole.root), str(killed)))
    resumed = run(killed)
    name = "checkpoint-2/adapter_model.safetensors"
    a, b = load_file(whole.root / name), load_file(resumed.root / name)
    assert all(torch.allclose(a[key], b[key]) for key in a)
