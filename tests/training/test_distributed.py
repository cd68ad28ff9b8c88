"""One process and two give the same rewards, advantages and weights; the whole flow runs on two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tests.training.tiny_run import SMALL, weights

from sqlgrpo.config import Config, TrainingConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.settings import ROOT
from sqlgrpo.training import distributed, launch

HERE = Path(__file__).parent
ENGINES = [("ddp", 2), ("deepspeed", 2), ("deepspeed", 3)]
NAMES = ["ddp", "zero2", "zero3"]


def spread(folder: Path, processes: int, accelerator: str, stage: int) -> Path:
    folder.mkdir(parents=True)
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(processes)]
    subprocess.run(
        [*command, HERE / "spread_case.py", folder, accelerator, str(stage)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return spread(tmp_path_factory.mktemp("spread") / "alone", 1, "none", 2)


@pytest.mark.distributed
@pytest.mark.parametrize(("accelerator", "stage"), ENGINES, ids=NAMES)
def test_two_processes_give_the_rewards_advantages_and_weights_of_one(
    alone, tmp_path, accelerator, stage
):
    together = spread(tmp_path / "two", 2, accelerator, stage)
    for trainer in ("fast", "stock"):
        one = json.loads((alone / f"{trainer}.json").read_text())
        two = json.loads((together / f"{trainer}.json").read_text())
        assert two["rewards"] == pytest.approx(one["rewards"])
        assert [row[0] for row in two["advantages"]] == [row[0] for row in one["advantages"]]
        assert [row[1] for row in two["advantages"]] == pytest.approx(
            [row[1] for row in one["advantages"]], abs=1e-5
        )
        before, after = (
            load_file(alone / f"{trainer}.safetensors"),
            load_file(together / f"{trainer}.safetensors"),
        )
        moved = max(p.abs().max().item() for n, p in before.items() if "lora_B" in n)
        assert moved > 1e-4
        for name, weight in before.items():
            assert (weight - after[name]).abs().max().item() < 1e-3 * moved, name


@pytest.mark.distributed
@pytest.mark.parametrize(("accelerator", "stage"), ENGINES, ids=NAMES)
def test_train_starts_two_processes_and_finishes_the_whole_flow(tmp_path, accelerator, stage):
    folder = tmp_path / "run"
    command = [sys.executable, ROOT / "scripts" / "train.py", *SMALL, f"output_dir={folder}"]
    settings = [
        f"training.accelerator={accelerator}",
        f"training.zero_stage={stage}",
        "training.num_gpus=2",
    ]
    subprocess.run(
        [*command, *settings], env=os.environ | {"OMP_NUM_THREADS": "1"}, cwd=tmp_path, check=True
    )
    assert list(read_stages(folder / "evaluation.json")) == ["base", "warm_start", "grpo"]
    assert (folder / "report.html").is_file()
    best = weights(folder / "checkpoint-best")
    assert all(tensor.numel() for tensor in best.values())
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["stage"] == "grpo" and "reward" in row] == [
        1,
        2,
        3,
        4,
    ]


def test_one_process_needs_no_launch_and_no_communication():
    assert launch.relaunch(Config(), ["train.py"]) is None
    assert distributed.on_main(lambda: 7) == 7
    assert distributed.largest(3) == 3
    assert distributed.deepspeed(TrainingConfig()) is None


def test_an_unknown_accelerator_names_the_known_ones():
    settings = replace(Config(), training=TrainingConfig(accelerator="deepsped"))
    with pytest.raises(ConfigError, match="did you mean 'deepspeed'"):
        launch.relaunch(settings, ["train.py"])


def test_a_process_that_torchrun_started_starts_no_others(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    settings = replace(Config(), training=TrainingConfig(accelerator="ddp", num_gpus=2))
    assert launch.relaunch(settings, ["train.py"]) is None


def test_a_signal_reaches_the_processes_and_becomes_the_exit_status(tmp_path):
    """The launcher waits for its grandchildren to save, and reports 128 + the signal."""
    grandchild = (
        "import pathlib, signal, sys, time\n"
        f"done = lambda *_: (pathlib.Path({str(tmp_path / 'saved')!r}).touch(), sys.exit(0))\n"
        "signal.signal(signal.SIGTERM, done)\n"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch()\n"
        "time.sleep(60)\n"
    )
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    code = (
        "import os, sys, threading, time, pathlib, signal\n"
        "from sqlgrpo.training.launch import _run\n"
        "def later():\n"
        f"    while not pathlib.Path({str(tmp_path / 'ready')!r}).exists(): time.sleep(0.05)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "threading.Thread(target=later).start()\n"
        f"sys.exit(_run([sys.executable, '-c', {child!r}], dict(os.environ)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 128 + 15
    assert (tmp_path / "saved").exists()


def test_offload_leaves_the_optimizer_to_deepspeed():
    made = distributed.deepspeed(TrainingConfig(accelerator="deepspeed", offload=True))
    assert made["zero_optimization"]["offload_optimizer"]["device"] == "cpu"
    assert made["optimizer"]["type"] == "AdamW"
