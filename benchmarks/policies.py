"""A warm-started policy for a benchmark, and trainers of either kind on copies of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from trl import GRPOTrainer

from sqlgrpo.config import Config
from sqlgrpo.environments import build_environment
from sqlgrpo.models import is_checkpoint, load_checkpoint, load_model, load_tokenizer
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.training.arguments import grpo_arguments
from sqlgrpo.training.examples import prepare
from sqlgrpo.training.grpo import Job, prompts
from sqlgrpo.training.rewards import verifier_rewards
from sqlgrpo.training.run_folder import RunFolder

DEFAULTS = [
    "experiment=quickstart",
    "training.batch_size=4",
    "training.micro_batch_groups=1",
    "training.learning_rate=1e-9",
    "data.validation=4",
    "data.test=4",
]


@dataclass(frozen=True, slots=True)
class Bench:
    """A warm-started policy, its prompts, and where its files are."""

    job: Job
    adapter: Path

    @property
    def config(self) -> Config:
        return self.job.config

    def trainer(self, kind: type[GRPOTrainer], **extra: Any) -> GRPOTrainer:
        """A trainer of its own copy of the policy, ready for a step."""
        training = self.config.training
        if extra.pop("continuous", False):
            more = {"use_transformers_continuous_batching": True}
            training = replace(training, trl={**training.trl, **more})
        arguments = grpo_arguments(replace(self.config, training=training), self.job.run)
        built = kind(
            model=load_checkpoint(self.config.model, self.adapter, trainable=True),
            args=arguments,
            processing_class=self.job.tokenizer,
            reward_funcs=verifier_rewards(self.job.environment, self.job.data.train),
            train_dataset=prompts(
                self.job.data.train, self.job.environment, chat=self.config.model.chat
            ),
            **extra,
        )
        built.model.train()
        built.current_gradient_accumulation_steps = arguments.gradient_accumulation_steps
        built.create_optimizer()
        return built

    def rows(self, round_: int) -> list[dict[str, Any]]:
        """The prompts of one round, each G times; judged once, so that suites exist."""
        size, group = self.config.training.batch_size, self.config.training.num_generations
        examples = self.job.data.train[round_ * size : (round_ + 1) * size]
        chat = self.config.model.chat
        return [
            row for row in prompts(examples, self.job.environment, chat=chat) for _ in range(group)
        ]


@contextmanager
def opened(
    overrides: Sequence[str], rounds: int, folder: str | None, *, quiet: bool
) -> Iterator[Bench]:
    """Examples, tokenizer and a warm-started adapter in a run folder, kept in ``folder``."""
    console = Console(stderr=True, quiet=quiet)
    place: Any = nullcontext(folder) if folder else tempfile.TemporaryDirectory()
    with place as root:
        needed = [f"training.max_steps={rounds + 1}", f"output_dir={root}"]
        config = read([*DEFAULTS, *needed, *overrides], kind=Config)
        run = RunFolder.open(config)
        environment = build_environment(config.environment, build_rubric(config.verifier))
        tokenizer = load_tokenizer(config.model)
        try:
            data = prepare(config, environment, tokenizer, run, console)
            job = Job(config, run, environment, tokenizer, data, console)
            given = config.training.warm_start.adapter
            adapter = Path(given) if given else run.warm_start
            if not is_checkpoint(adapter):
                job.warm_start(load_model(config.model))
            yield Bench(job, adapter)
        finally:
            environment.rubric.judge.close()
