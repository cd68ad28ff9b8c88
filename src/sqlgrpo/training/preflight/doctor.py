"""The checks in the order in which they can run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PretrainedConfig

from sqlgrpo.config import Config
from sqlgrpo.data import load
from sqlgrpo.environments import SqlEnv, build_environment
from sqlgrpo.evaluation.policies import load_hacks
from sqlgrpo.inference.generate import Decoding, generate
from sqlgrpo.models import load_model, load_tokenizer, resolve
from sqlgrpo.models.prompts import eos_ids
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import ROOT
from sqlgrpo.training.examples import by_length
from sqlgrpo.training.preflight import machine, memory, rewards, tokens
from sqlgrpo.training.preflight.finding import Findings, ok, warning
from sqlgrpo.training.preflight.settings import check_settings
from sqlgrpo.types import Example

LOOK_AT = 8
"""Examples that are scored."""
HACK_STRIDE = 6
"""Every sixth hack is tried; the tests try all."""
HACKS = ROOT / "tests" / "fixtures" / "hacks.jsonl"


def check_start(
    config: Config, tokenizer: Any, model: Any, environment: SqlEnv, examples: Sequence[Example]
) -> Findings:
    """The cheap part, before the first step of every run."""
    few = list(examples[:LOOK_AT])
    limit = config.training.max_completion_tokens
    return (
        machine.check_precision(config)
        + tokens.check_tokens(model, tokenizer, environment, few, chat=config.model.chat)
        + rewards.check_golds(environment, few)
        + rewards.check_nothing(environment, few)
        + rewards.check_answers_fit(tokenizer, examples, environment, limit)
    )


def examine(config: Config, *, sample: int = 0) -> Findings:
    """All checks. ``sample`` prompts are also answered, G times each, which loads the model."""
    found = check_settings(config)
    found += machine.check_device(config) + machine.check_processes(config)
    found += machine.check_hub(config) + machine.check_tracker(config)
    name = resolve(config.model.name)
    try:
        architecture = AutoConfig.from_pretrained(name)
        ends = GenerationConfig.from_pretrained(name)
        tokenizer = load_tokenizer(config.model)
    except OSError as problem:
        first = str(problem).splitlines()[0]
        return found + warning(
            "model", f"not readable ({first})", "fix hub access; rest not checked"
        )
    found += _sizes(config, architecture)
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(architecture)
    model.generation_config = ends
    environment = build_environment(config.environment, build_rubric(config.verifier))
    try:
        loaded = load(config.data, config.seed).examples
        fits, long = by_length(loaded, environment, tokenizer, config)
        limit = config.data.max_prompt_tokens
        found += rewards.check_prompt_loss(len(long), len(loaded), limit)
        found += tokens.check_padding(tokenizer, eos_ids(model, tokenizer))
        found += check_start(config, tokenizer, model, environment, fits)
        found += _hacks(environment, Path(config.evaluation.hacks or HACKS))
        if sample:
            found += _sampled(config, tokenizer, environment, fits[:sample])
    finally:
        environment.rubric.judge.close()
    return found


def _sizes(config: Config, architecture: PretrainedConfig) -> Findings:
    estimated = memory.estimate(config, architecture)
    kept = memory.checkpoint_bytes(config, architecture)
    found = machine.check_disk(Path(config.output_dir), kept)
    if not torch.cuda.is_available():
        return found + ok("memory", f"no GPU here; one would need {estimated}")
    card = torch.cuda.get_device_properties(0).total_memory
    return found + memory.check_memory(config, architecture, card)


def _hacks(environment: SqlEnv, file: Path) -> Findings:
    if not file.is_file():
        return []
    examples, completions = load_hacks(file)
    return rewards.check_hacks(environment, examples[::HACK_STRIDE], completions[::HACK_STRIDE])


def _sampled(
    config: Config, tokenizer: Any, environment: SqlEnv, examples: Sequence[Example]
) -> Findings:
    size = config.training.num_generations
    repeated = [example for example in examples for _ in range(size)]
    decoding = Decoding(
        max_new_tokens=config.training.max_completion_tokens,
        temperature=config.training.temperature,
    )
    prompts = [environment.messages(example) for example in repeated]
    model = load_model(config.model)
    texts = generate(model, tokenizer, prompts, decoding, chat=config.model.chat)
    scored = [score.reward for score in environment.score_batch(texts, repeated)]
    return rewards.check_flat([scored[at : at + size] for at in range(0, len(scored), size)])
