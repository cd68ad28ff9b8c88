"""Train a model with GRPO. Read this file top to bottom to see the whole run.

1. ``prepare``      examples with golds, audited, split by schema, prompts that fit
2. base             the untrained model on held-out schemas
3. ``warm_start``   a short supervised fine-tuning, so that right answers are sampled at all
4. ``reinforce``    G completions per prompt, rewarded by the verifiers, advantages within groups:
                    A_i = (r_i - mean(r)) / std(r); a run that goes wrong halts
5. best             the checkpoint with the best validation suite accuracy, on held-out schemas

Every step leaves its result in the run folder, and a run that was killed skips what is there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import PeftModel
from rich.console import Console
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOTrainer

from sqlgrpo.config import Config
from sqlgrpo.environments import MultiTurnEnv, SqlEnv, build_environment
from sqlgrpo.evaluation.evaluate import Evaluation, score_completions
from sqlgrpo.evaluation.figures import Stages, read_stages, write_stage
from sqlgrpo.evaluation.html_report import write_report
from sqlgrpo.evaluation.policies import Policy, model_policy
from sqlgrpo.inference.generate import Decoding, Generator
from sqlgrpo.models import (
    adapters_to_float32,
    is_checkpoint,
    load_checkpoint,
    load_model,
    load_tokenizer,
    lora,
    require_device,
    unrounded,
)
from sqlgrpo.models.prompts import plain_text
from sqlgrpo.progress import Report, phase
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.training import distributed
from sqlgrpo.training.ahead import verified_ahead
from sqlgrpo.training.arguments import grpo_arguments
from sqlgrpo.training.callbacks import Clock, KeepBest, Metrics, close_chart, trackers_last
from sqlgrpo.training.curriculum import Curriculum, curriculum_for
from sqlgrpo.training.engines import trainer_for
from sqlgrpo.training.examples import Prepared, prepare
from sqlgrpo.training.halts import Halts, read_halt
from sqlgrpo.training.multi_turn import TurnRollout
from sqlgrpo.training.pass_rates import Rates, estimate
from sqlgrpo.training.preflight import check_settings, check_start, stop_on_errors
from sqlgrpo.training.preflight.trained import check_trained
from sqlgrpo.training.rewards import verifier_rewards
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.training.survive import StopOnSignal
from sqlgrpo.training.survive_files import step_of
from sqlgrpo.training.telemetry import Telemetry
from sqlgrpo.training.warm_start import steps, warm_start
from sqlgrpo.types import Example

log = logging.getLogger(__name__)


def train(config: Config, console: Console) -> RunFolder:
    """Run one training job, or continue it, and return its folder."""
    require_device(config.model)
    here = distributed.join()
    console.quiet = console.quiet or not here.is_main
    distributed.on_main(lambda: stop_on_errors(check_settings(config)))
    run = distributed.on_main(lambda: RunFolder.open(config))
    config = distributed.share_cores(config)
    if "grpo" in read_stages(run.evaluation):
        log.info("%s is finished", run.root)
        return run
    environment = build_environment(config.environment, build_rubric(config.verifier))
    tokenizer = load_tokenizer(config.model)
    try:
        data = distributed.on_main(lambda: prepare(config, environment, tokenizer, run, console))
        job = Job(config, run, environment, tokenizer, data, console)
        model = load_model(config.model)
        job.check(model)
        if config.evaluation.baselines:
            job.measure("base", model)
        model = job.warm_start(model)
        if config.evaluation.baselines:
            job.measure("warm_start", model)
        job.reinforce(model)
        del model
        distributed.leave_deepspeed()
        job.measure("grpo", job.best())
        if here.is_main:
            write_report(run.root, title=run.root.name)
        close_chart()  # not after an error: W&B then says by itself that the run crashed
    finally:
        environment.rubric.judge.close()
    return run


@dataclass(frozen=True, slots=True)
class Job:
    """What every stage of a run needs."""

    config: Config
    run: RunFolder
    environment: SqlEnv
    tokenizer: Any
    data: Prepared
    console: Console

    def check(self, model: Any) -> None:
        """Raise ``ConfigError`` for what would end the run later."""
        asked = (self.config, self.tokenizer, model, self.environment, self.data.train)
        distributed.on_main(lambda: stop_on_errors(check_start(*asked)))

    def measure(self, stage: str, model: Any) -> Stages:
        """Evaluate on the test split, unless this stage was measured before."""
        done = read_stages(self.run.evaluation)
        if stage in done:
            return done
        measured = self._evaluate(f"evaluate {stage}", model, self.data.test)
        if distributed.world().is_main:
            measured.write(self.run.completions / f"evaluation-{stage}.jsonl")
            write_stage(self.run.evaluation, stage, measured.figures)
        distributed.barrier()
        return read_stages(self.run.evaluation)

    def warm_start(self, model: Any) -> Any:
        """The model after supervised fine-tuning; loaded when an earlier run finished it."""
        settings = self.config.training.warm_start
        given = Path(settings.adapter) if settings.adapter else self.run.warm_start
        if is_checkpoint(given):
            return load_checkpoint(self.config.model, given, trainable=True)
        if not settings.enabled:
            return model
        total = steps(self.config, len(self.data.warm_start))
        with phase(self.console, "warm start", total) as report:
            return warm_start(
                model,
                self.tokenizer,
                self.data.warm_start,
                self.environment,
                self.config,
                self.run,
                report,
            )

    def reinforce(self, model: Any) -> None:
        """GRPO, continued from the last whole checkpoint if there is one, until a halt."""
        if halt := read_halt(self.run):
            log.warning("GRPO %s", halt)
            return
        if self.run.is_trained(self.config.training):
            return
        judge = self.environment.rubric.judge
        curriculum = self._curriculum(model)
        with (
            phase(self.console, "GRPO", self.config.training.max_steps) as report,
            closing(Telemetry.of(self.config, judge, self.run)) as telemetry,
        ):
            keep_best = KeepBest(
                lambda: self._validate(trainer),
                lambda: distributed.keep(trainer, self.run.best),
                self.run,
                self.config.training.eval_every,
                report,
            )
            halts = Halts(self.config.training.halts, lambda: keep_best.accuracies)
            stop = StopOnSignal(distributed.largest)
            trainer = self.trainer(model, report, telemetry, [keep_best, halts, stop], curriculum)
            last = distributed.on_main(self.run.last_checkpoint)
            if distributed.world().is_main:
                self.run.forget("grpo", step_of(last) if last else -1)
            try:
                with verified_ahead(trainer, self.environment, self.data.train, self.tokenizer):
                    trainer.train(resume_from_checkpoint=last)
            finally:
                stop.restore()
            stop.check(self.run.root)
            keep_best.finish(trainer.state)
            distributed.on_main(lambda: self._note_end(halts))

    def _note_end(self, halts: Halts) -> None:
        """``checkpoint-best`` is there: what a resumed run goes on with."""
        if halts.found:
            halts.found.write(self.run)
        else:
            self.run.mark_trained(self.config.training)

    def trainer(
        self,
        model: Any,
        report: Report,
        telemetry: Telemetry,
        callbacks: Sequence[TrainerCallback],
        curriculum: Curriculum | None,
    ) -> GRPOTrainer:
        """The real ``GRPOTrainer``, or our faster one with the same gradients."""
        training, train = self.config.training, self.data.train
        hear = curriculum.hear if curriculum else None
        with unrounded(model):
            trainer = trainer_for(self.config)(
                model=model,
                args=grpo_arguments(self.config, self.run, world_size=distributed.world().size),
                peft_config=None if isinstance(model, PeftModel) else lora(self.config.model),
                processing_class=self.tokenizer,
                reward_funcs=verifier_rewards(self.environment, train, telemetry, hear),
                train_dataset=prompts(train, self.environment, chat=self.config.model.chat),
                rollout_func=self._conversations(),
                callbacks=[
                    *callbacks,
                    Clock(training.max_minutes),
                    Metrics("grpo", self.run, report),
                ],
            )
        if curriculum:
            curriculum.attach(trainer)
        trainer.keep_checkpoints = training.keep_checkpoints
        trainer.remove_callback(PrinterCallback)
        trackers_last(trainer)
        adapters_to_float32(trainer.model)
        sharded = training.accelerator == "deepspeed"
        stop_on_errors(check_trained(trainer.model, master_weights=sharded))
        return trainer

    def _curriculum(self, model: Any) -> Curriculum | None:
        training = self.config.training
        found = curriculum_for(training.curriculum, self.data.train, self.config.seed)
        if found and training.curriculum_samples:
            found.start_from(distributed.on_main(lambda: self._pass_rates(model)))
        return found

    def _pass_rates(self, model: Any) -> Rates:
        training, examples = self.config.training, self.data.train
        policy = self._policy(model, Decoding.sampled(training))
        with phase(self.console, "pass rates", len(examples)) as report:
            samples, file = training.curriculum_samples, self.run.pass_rates
            return estimate(examples, samples, policy, self.environment, file, report)

    def _conversations(self) -> TurnRollout | None:
        """How several turns are sampled; ``None`` for one."""
        if not isinstance(self.environment, MultiTurnEnv):
            return None
        return TurnRollout(
            self.environment,
            self.data.train,
            self.tokenizer,
            chat=self.config.model.chat,
            max_new_tokens=self.config.training.max_completion_tokens,
        )

    def best(self) -> Any:
        """The model of ``checkpoint-best``."""
        return load_checkpoint(self.config.model, self.run.best)

    def _validate(self, trainer: GRPOTrainer) -> float:
        with distributed.whole(trainer) as model:
            measured = self._evaluate("", model, self.data.validation)
        return measured.figures["suite_accuracy"].value

    def _evaluate(self, title: str, model: Any, examples: Sequence[Example]) -> Evaluation:
        settings = self.config.evaluation
        policy = distributed.divided(self._policy(model, Decoding.greedy(settings)))
        chosen = list(examples[: settings.limit])
        if title:
            with phase(self.console, title, len(chosen)) as report:
                completions = policy(chosen, report.advance)
        else:
            completions = policy(chosen, lambda _: None)
        return distributed.on_main(
            lambda: score_completions(chosen, completions, self.environment, settings)
        )

    def _policy(self, model: Any, decoding: Decoding) -> Policy:
        ask = Generator(model, self.tokenizer, decoding, chat=self.config.model.chat)
        return model_policy(ask, self.environment)


def prompts(examples: Sequence[Example], environment: SqlEnv, *, chat: bool) -> Dataset:
    """One row per example; TRL repeats each row G times to form a group."""
    rows = [
        {
            "prompt": environment.messages(e) if chat else plain_text(environment.messages(e)),
            "example_id": e.id,
        }
        for e in examples
    ]
    return Dataset.from_list(rows)
