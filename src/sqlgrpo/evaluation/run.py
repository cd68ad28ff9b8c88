"""One evaluation from the command line: choose examples, let a policy answer, keep the figures."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from sqlgrpo.config import EnvironmentConfig, EvaluateConfig, ModelConfig
from sqlgrpo.data import load, split
from sqlgrpo.environments import SqlEnv, build_environment
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.evaluation.endpoint import endpoint_policy
from sqlgrpo.evaluation.evaluate import Evaluation, score_completions
from sqlgrpo.evaluation.figures import write_stage
from sqlgrpo.evaluation.policies import Policy, gold_policy, load_hacks, model_policy
from sqlgrpo.evaluation.report import table
from sqlgrpo.inference.journal import Journal
from sqlgrpo.progress import pace, phase
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import ROOT, from_file
from sqlgrpo.types import Example

log = logging.getLogger(__name__)

POLICIES = ("checkpoint", "base", "gold", "hacks", "endpoint")


def run(config: EvaluateConfig, console: Console, *, model_given: bool = False) -> Evaluation:
    """Measure one policy, write ``evaluation.json`` and ``completions.jsonl``, print the table."""
    if config.policy not in POLICIES:
        raise unknown("policy", config.policy, POLICIES)
    if config.policy == "checkpoint":
        config = _settings_of_checkpoint(config, model_given=model_given)
    environment = build_environment(config.environment, build_rubric(config.verifier))
    try:
        measured = _measure(config, environment, console)
    finally:
        environment.rubric.judge.close()
    folder = Path(config.output_dir)
    stages = write_stage(folder / "evaluation.json", config.policy, measured.figures)
    measured.write(folder / "completions" / f"evaluation-{config.policy}.jsonl")
    _answers(config).unlink(missing_ok=True)
    console.print(table({config.policy: stages[config.policy]}))
    return measured


def _measure(config: EvaluateConfig, environment: SqlEnv, console: Console) -> Evaluation:
    if config.policy == "hacks":
        file = config.evaluation.hacks or str(ROOT / "tests" / "fixtures" / "hacks.jsonl")
        return score_completions(*load_hacks(Path(file)), environment, config.evaluation)
    examples = _examples(config, environment, console)
    policy = _policy(config, environment)
    with phase(console, f"answer ({config.policy})", len(examples)) as report:
        start = time.monotonic()
        completions = policy(examples, report.advance)
    log.info("%s", pace(len(examples), time.monotonic() - start))
    with phase(console, "verify", len(examples)) as report:
        return score_completions(
            examples, completions, environment, config.evaluation, report.advance
        )


def _examples(config: EvaluateConfig, environment: SqlEnv, console: Console) -> list[Example]:
    """The chosen split, without the examples that cannot be scored, which an audit lists."""
    from sqlgrpo.data.audit import audit

    loaded = load(config.data, config.seed)
    if config.split == "all":
        chosen = loaded.examples
    else:
        parts = split(
            loaded.examples,
            validation=config.data.validation,
            test=config.data.test,
            seed=config.seed,
        )
        if not hasattr(parts, config.split):
            raise unknown("split", config.split, ("train", "validation", "test", "all"))
        chosen = getattr(parts, config.split)
    chosen = chosen[: config.evaluation.limit]
    if config.data.audit:
        report = audit(chosen, environment.rubric, loaded=loaded, console=console)
        report.write(Path(config.output_dir) / f"audit-{config.policy}.json")
        console.print(report.table())
        chosen = list(report.kept)
    if not chosen:
        raise ConfigError(f"data: no example is left in split {config.split!r}")
    return chosen


def _policy(config: EvaluateConfig, environment: SqlEnv) -> Policy:
    if config.policy == "gold":
        return gold_policy
    if config.policy == "endpoint":
        folder = Path(config.output_dir)
        return endpoint_policy(config.endpoint, environment, config.evaluation, folder)
    from sqlgrpo.inference.generate import Decoding, Generator
    from sqlgrpo.inference.resume import Remembering, who
    from sqlgrpo.models import load_checkpoint, load_model, load_tokenizer

    decoding = Decoding.greedy(config.evaluation)
    checkpoint = Path(str(config.checkpoint)) if config.policy == "checkpoint" else None
    model = load_checkpoint(config.model, checkpoint) if checkpoint else load_model(config.model)
    ask = Generator(model, load_tokenizer(config.model), decoding, chat=config.model.chat)
    name = who(config.model.name, checkpoint, decoding)
    journal = Journal.open(_answers(config))
    return model_policy(Remembering(ask=ask, journal=journal, who=name), environment)


def _answers(config: EvaluateConfig) -> Path:
    """Where a model's answers are kept until the evaluation is done."""
    return Path(config.output_dir) / "completions" / f".answers-{config.policy}.jsonl"


def _settings_of_checkpoint(config: EvaluateConfig, *, model_given: bool) -> EvaluateConfig:
    """The model and prompt of the run that wrote the checkpoint, unless a model was named."""
    from sqlgrpo.inference.predict import run_config
    from sqlgrpo.models import check_checkpoint

    if config.checkpoint is None:
        raise ConfigError("name a checkpoint=DIR, or policy=base, gold or hacks")
    folder = Path(config.checkpoint)
    check_checkpoint(folder)
    if model_given:
        return config
    file = run_config(folder)
    return replace(
        config,
        model=from_file(file, "model", ModelConfig),
        environment=from_file(file, "environment", EnvironmentConfig),
    )
