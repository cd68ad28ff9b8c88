"""Signals, kills, torn checkpoints and full disks, with the real trainer."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.training.tiny_run import run, same, weights

from sqlgrpo.errors import Interrupted
from sqlgrpo.training import survive
from sqlgrpo.training.survive_files import (
    fault,
    is_disk_full,
    newest_whole,
    numbered,
    prune,
    seal,
)


def checkpoint(root: Path, step: int) -> Path:
    folder = root / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(b"weights" * 100)
    (folder / "optimizer.pt").write_bytes(b"moments" * 100)
    (folder / "trainer_state.json").write_text("{}")
    seal(folder)
    return folder


def test_a_sealed_checkpoint_is_whole(tmp_path):
    assert fault(checkpoint(tmp_path, 1)) == ""


@pytest.mark.parametrize("name", ["optimizer.pt", "adapter_model.safetensors"])
@pytest.mark.parametrize("damage", ["torn", "flipped", "gone"])
def test_a_damaged_checkpoint_is_skipped_for_the_one_before(tmp_path, name, damage, caplog):
    whole, hurt = checkpoint(tmp_path, 1), checkpoint(tmp_path, 2)
    content = bytearray((hurt / name).read_bytes())
    content[5] ^= 1
    damaged = {"torn": content[:9], "flipped": content}
    if damage == "gone":
        (hurt / name).unlink()
    else:
        (hurt / name).write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        assert newest_whole(tmp_path) == whole
    assert "skipping" in caplog.text
    assert "checkpoint-2" in caplog.text


def test_a_seal_that_is_torn_is_a_fault(tmp_path):
    folder = checkpoint(tmp_path, 1)
    (folder / "seal.json").write_text('{"optim')
    assert "torn" in fault(folder)


def test_the_best_checkpoint_is_never_rotated_away(tmp_path):
    for step in (1, 2, 3, 10):
        checkpoint(tmp_path, step)
    best = tmp_path / "checkpoint-best"
    best.mkdir()
    os.utime(best, (0, 0))
    prune(tmp_path, 2)
    assert [path.name for path in numbered(tmp_path)] == ["checkpoint-3", "checkpoint-10"]
    assert best.is_dir()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(tmp_path_factory.mktemp("outputs") / "whole")


def test_a_run_keeps_the_best_and_the_newest_checkpoints(finished):
    names = {path.name for path in finished.root.glob("checkpoint-*")}
    assert names == {"checkpoint-2", "checkpoint-4", "checkpoint-best"}
    assert all(fault(path) == "" for path in numbered(finished.root))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_run_goes_on_to_the_same_weights(
    finished, tmp_path, monkeypatch, number
):
    folder = tmp_path / "stopped"
    shutil.copytree(finished.root / "warm_start", folder / "warm_start")
    step = survive.SurvivingFastGRPOTrainer.training_step
    sent = []

    def interrupted(self, *args, **kwargs):
        if self.state.global_step == 2 and not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        return step(self, *args, **kwargs)

    monkeypatch.setattr(survive.SurvivingFastGRPOTrainer, "training_step", interrupted)
    with pytest.raises(Interrupted, match="checkpoint-3") as caught:
        run(folder)
    assert caught.value.signal_number == number
    assert not (folder / "checkpoint-4").exists()
    monkeypatch.undo()
    run(folder)
    assert same(weights(folder / "checkpoint-4"), weights(finished.root / "checkpoint-4"))


def test_a_second_signal_stops_at_once_unless_it_is_an_echo_of_the_first(monkeypatch):
    stop = survive.StopOnSignal(lambda received: received)
    stop.on_train_begin()
    try:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.received == signal.SIGINT
        monkeypatch.setattr(survive, "ECHO_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        stop.restore()


def test_a_full_disk_keeps_the_old_checkpoint_and_says_so(finished, tmp_path, caplog):
    folder = tmp_path / "full"
    shutil.copytree(finished.root / "warm_start", folder / "warm_start")
    save = survive.Survives._save_checkpoint

    def on_a_small_disk(self, model, trial):
        if self.state.global_step < 4:
            return save(self, model, trial)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        try:
            return save(self, model, trial)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(survive.SurvivingFastGRPOTrainer, "_save_checkpoint", on_a_small_disk)
        run(folder)
    assert "no room to save checkpoint-4" in caplog.text
    assert "checkpoint-2 stays" in caplog.text
    assert [path.name for path in numbered(folder)] == ["checkpoint-2"]
    assert fault(folder / "checkpoint-2") == ""


def test_pytorch_reports_a_full_disk_in_its_own_words(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises((OSError, RuntimeError)) as caught:
            torch.save(torch.zeros(10_000), tmp_path / "file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert is_disk_full(caught.value)
    assert not is_disk_full(RuntimeError("shapes differ"))


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_no_weight(tmp_path):
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("kill_case.py"), tmp_path, "20"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kills"] == 20
    assert all(result["earlier_lives_equal"])
    assert result["last_checkpoint_equal"]
    assert result["best_equal"]
    assert result["metrics_equal"]
