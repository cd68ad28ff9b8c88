"""Runs that go wrong, planted, on the real GRPOTrainer."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from tests.training.fast_case import QUESTIONS, llama, trainer
from tests.training.tiny_run import SMALL, run, weights
from trl import GRPOTrainer

from sqlgrpo.config import HaltsConfig
from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.settings import ROOT
from sqlgrpo.training.callbacks import KeepBest
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.training.halts import (
    ACCURACY,
    FLAT,
    KL,
    LENGTH,
    REWARD,
    Halts,
    Seen,
    collapsed,
    fallen,
    flat,
    read_halt,
    strayed,
)
from sqlgrpo.training.run_folder import RunFolder

OFF = {"length": None, "flat_groups": None, "kl": None, "accuracy_drop": None}


def seen(**figures: list[float]) -> Seen:
    result = Seen(window=3)
    names = {"length": LENGTH, "flat": FLAT, "kl": KL, "reward": REWARD}
    for step in range(len(next(iter(figures.values())))):
        result.add({names[name]: values[step] for name, values in figures.items()})
    return result


@pytest.mark.parametrize(
    ("sign", "figures", "halts"),
    [
        (collapsed, {"length": [20] * 3 + [3] * 3, "reward": [0.5] * 3 + [0.1] * 3}, True),
        (collapsed, {"length": [200] * 3 + [20] * 3, "reward": [0.1] * 3 + [0.6] * 3}, False),
        (collapsed, {"length": [20] * 3 + [3, 3, 20], "reward": [0.5] * 6}, False),
        (collapsed, {"length": [20, 1], "reward": [0.5, 0.5]}, False),
        (flat, {"flat": [1.0] * 3, "reward": [0.0] * 3}, True),
        (flat, {"flat": [1.0, 1.0, 0.75], "reward": [0.9] * 3}, False),
        (strayed, {"kl": [0.1, 2.0, 3.0]}, True),
        (strayed, {"kl": [0.1, 1e6, 0.1]}, False),
        (strayed, {"kl": [3.0, 3.0]}, False),
    ],
)
def test_a_sign_is_read_from_a_whole_window(sign, figures, halts):
    assert (sign(seen(**figures), HaltsConfig(window=3)) is not None) == halts


@pytest.mark.parametrize(
    ("accuracies", "halts"),
    [
        ([0.5, 0.6, 0.4, 0.4, 0.4], True),
        ([0.5, 0.6, 0.4, 0.55, 0.4], False),
        ([0.6, 0.4, 0.4], False),
        ([0.4, 0.5, 0.6], False),
    ],
)
def test_accuracy_has_fallen_when_it_stays_well_below_its_best(accuracies, halts):
    assert (fallen(accuracies, HaltsConfig()) is not None) == halts


def test_a_limit_that_is_null_halts_nothing():
    limits = HaltsConfig(window=3, **OFF)
    everything = seen(length=[20] * 3 + [0] * 3, flat=[1] * 6, kl=[9] * 6, reward=[0] * 6)
    assert not any(sign(everything, limits) for sign in (collapsed, flat, strayed))
    assert fallen([1.0, 0.0, 0.0, 0.0], limits) is None


@pytest.mark.parametrize("solved", [True, False])
def test_flat_groups_ask_for_harder_or_for_easier_examples(solved):
    halt = flat(seen(flat=[1.0] * 3, reward=[float(solved)] * 3), HaltsConfig(window=3))
    assert ("harder" if solved else "easier") in halt.next_step


def halting(kind, folder, limits: HaltsConfig, **options):
    callback = Halts(limits, lambda: [])
    return trainer(kind, folder, extra={"callbacks": [callback]}, max_steps=4, **options), callback


@pytest.mark.parametrize("kind", [GRPOTrainer, FastGRPOTrainer])
@pytest.mark.parametrize(
    ("limit", "figure"),
    [({"length": 2.0}, LENGTH), ({"flat_groups": 0.9}, FLAT), ({"kl": 1e-12}, KL)],
)
def test_each_sign_stops_the_trainer_with_a_checkpoint(tmp_path, kind, limit, figure):
    def reward(completion_ids, **_):  # without any difference only the KL term moves weights
        return [float(sum(ids) % 7) if figure == KL else 0.0 for ids in completion_ids]

    base = tmp_path / "base"
    llama().save_pretrained(base)
    limits = HaltsConfig(window=1, **OFF | limit)
    built, callback = halting(
        kind, tmp_path / "run", limits, model=str(base), beta=0.1, reward=reward
    )
    built.train()
    assert callback.found.figure == figure
    assert built.state.global_step == callback.found.step < 4
    assert (tmp_path / "run" / f"checkpoint-{callback.found.step}").is_dir()
    folder = RunFolder(tmp_path / "run")
    assert read_halt(folder) is None  # there is no checkpoint-best yet to go on with
    callback.found.write(folder)
    told = str(read_halt(folder))
    assert figure in told
    assert f"training.halts.{next(iter(limit))}=" in told
    assert "Next: " in told


@pytest.mark.parametrize("kind", [GRPOTrainer, FastGRPOTrainer])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_not_taken(tmp_path, kind, bad):
    built, callback = halting(kind, tmp_path, HaltsConfig())
    before = {}

    def spoil(gradient):
        if built.state.global_step < 1:
            return gradient
        before.update({n: p.detach().clone() for n, p in built.model.named_parameters()})
        return gradient * bad

    next(built.model.parameters()).register_hook(spoil)
    built.train()
    assert built.state.global_step == 2
    assert callback.found.figure == "grad_norm"
    assert before
    assert all((before[n] == p).all() for n, p in built.model.named_parameters())
    assert (tmp_path / "checkpoint-2").is_dir()
    assert "grad_norm is not finite" in str(callback.found)


def test_a_loss_that_is_not_finite_is_seen(tmp_path):
    class Spoilt(FastGRPOTrainer):
        def _compute_loss(self, model, inputs):
            loss = super()._compute_loss(model, inputs)
            return loss + torch.tensor(math.inf) if self.state.global_step else loss

    built, callback = halting(Spoilt, tmp_path, HaltsConfig(), logging_nan_inf_filter=False)
    built.train()
    assert (callback.found.figure, callback.found.step) == ("loss", 2)


def test_accuracy_that_stays_below_the_best_stops_the_trainer_and_leaves_the_best(tmp_path):
    accuracies = iter([0.5, 0.6, 0.3, 0.2, 0.1])
    kept = []
    keep_best = KeepBest(
        lambda: next(accuracies),
        lambda: kept.append(built.state.global_step),
        RunFolder(tmp_path),
        every=1,
        report=lambda *_, **__: None,
    )
    halts = Halts(HaltsConfig(evaluations=2), lambda: keep_best.accuracies)
    callbacks = {"callbacks": [keep_best, halts]}
    built = trainer(FastGRPOTrainer, tmp_path, extra=callbacks, max_steps=9)
    built.train()
    assert halts.found.figure == ACCURACY
    assert built.state.global_step == 3  # 0.5 is what training starts from
    assert kept == [0, 1]
    rows = [json.loads(line) for line in RunFolder(tmp_path).metrics.read_text().splitlines()]
    assert [row["validation_suite_accuracy"] for row in rows] == [0.5, 0.6, 0.3, 0.2]


def test_a_resumed_run_remembers_where_it_started_and_what_it_measured(tmp_path):
    def started(resume=None):
        keep_best = KeepBest(
            lambda: 0.25, lambda: None, RunFolder(tmp_path), every=1, report=lambda *_, **__: None
        )
        halts = Halts(HaltsConfig(window=2), lambda: keep_best.accuracies)
        built = trainer(
            FastGRPOTrainer,
            tmp_path,
            questions=QUESTIONS,
            extra={"callbacks": [keep_best, halts]},
            max_steps=3 if resume else 2,
            save_strategy="steps",
            save_steps=2,
        )
        built.train(resume_from_checkpoint=resume)
        return keep_best, halts

    _, first = started()
    keep_best, resumed = started(str(tmp_path / "checkpoint-2"))
    assert resumed.seen.first == first.seen.first
    assert len(resumed.seen.first[LENGTH]) == 2
    assert keep_best.accuracies == [0.25] * 4  # before training, and after each of three steps


@pytest.fixture(scope="module")
def halted(tmp_path_factory):
    """A random model is never right, so its groups are all flat."""
    return run(tmp_path_factory.mktemp("outputs") / "flat", "training.halts.window=2")


def test_a_halted_run_is_evaluated_and_reported_from_its_best_checkpoint(halted):
    assert read_halt(halted).figure == FLAT
    assert read_halt(halted).step == 2
    assert (halted.root / "checkpoint-2").is_dir()
    assert not (halted.root / "checkpoint-4").is_dir()
    assert halted.best.is_dir()
    assert list(read_stages(halted.evaluation)) == ["base", "warm_start", "grpo"]
    assert "GRPO halted at step 2" in (halted.root / "report.html").read_text()


def test_a_halted_run_that_was_killed_is_not_trained_on_and_evaluates_its_best_weights(halted):
    stages = json.loads(halted.evaluation.read_text())
    stages.pop("grpo")
    halted.evaluation.write_text(json.dumps(stages))
    answers = halted.completions / "evaluation-grpo.jsonl"
    before = answers.read_text()
    adapter = weights(halted.best)
    changed = {name: torch.randn_like(weight) for name, weight in adapter.items()}
    save_file(changed, halted.best / "adapter_model.safetensors", metadata={"format": "pt"})
    run(halted.root, "training.halts.window=2")
    assert "grpo" in read_stages(halted.evaluation)
    assert answers.read_text() != before  # so they are the answers of checkpoint-best
    assert not (halted.root / "checkpoint-4").is_dir()


def test_a_run_killed_between_its_halt_and_its_best_weights_is_finished(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    late = "training.eval_every=4"  # no candidate for the best before the end
    with monkeypatch.context() as patch:
        patch.setattr(KeepBest, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run", "training.halts.window=2", late)
    assert not (tmp_path / "run" / "checkpoint-best").exists()
    halted = run(tmp_path / "run", "training.halts.window=2", late)
    assert read_halt(halted).figure == FLAT
    assert "grpo" in read_stages(halted.evaluation)


def test_the_script_says_that_the_run_halted_and_exits_with_status_1(halted):
    options = [*SMALL, "training.halts.window=2", f"output_dir={halted.root}"]
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert "GRPO halted at step 2: frac_reward_zero_std is 1" in done.stderr


@pytest.mark.distributed
@pytest.mark.parametrize("accelerator", ["ddp", pytest.param("deepspeed", marks=pytest.mark.slow)])
def test_two_processes_halt_together(tmp_path, accelerator):
    options = [
        *SMALL,
        f"training.accelerator={accelerator}",
        "training.num_gpus=2",
        "training.halts.window=1",
        f"output_dir={tmp_path / 'run'}",
    ]
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 1, done.stderr
    halted = RunFolder(tmp_path / "run")
    assert read_halt(halted).step == 1
    assert (halted.root / "checkpoint-1").is_dir()
    assert list(read_stages(halted.evaluation)) == ["base", "warm_start", "grpo"]
