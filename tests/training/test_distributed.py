"""One process and two give the same rewards, advantages and weights; the whole flow runs on two."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tests.training.tiny_run import SMALL, same, weights

from sqlgrpo.config import Config, TrainingConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.settings import ROOT
from sqlgrpo.training import distributed, launch
from sqlgrpo.training.survive_files import newest_whole, step_of

HERE = Path(__file__).parent
ENGINES = [("ddp", 2), ("deepspeed", 2), ("deepspeed", 3)]
NAMES = ["ddp", "zero2", "zero3"]
FLOWS = [
    pytest.param("ddp", 2, "single_turn", marks=pytest.mark.slow),
    pytest.param("deepspeed", 2, "single_turn", marks=pytest.mark.slow),
    pytest.param("deepspeed", 3, "single_turn", marks=pytest.mark.slow),
    ("deepspeed", 3, "multi_turn"),
]
FLOW_NAMES = [*NAMES, "zero3 in turns"]
SIGNALLED = [
    pytest.param("ddp", 2, "multi_turn", marks=pytest.mark.slow),
    pytest.param("deepspeed", 3, "single_turn", marks=pytest.mark.slow),
]
QUIET = os.environ | {"OMP_NUM_THREADS": "1"}


def command(folder: Path, accelerator: str, stage: int, environment: str, *more: str) -> list[str]:
    """The whole flow in two processes, as a user starts it."""
    settings = [
        f"environment={environment}",
        f"training.accelerator={accelerator}",
        f"training.zero_stage={stage}",
        "training.num_gpus=2",
        f"output_dir={folder}",
    ]
    return [sys.executable, str(ROOT / "scripts" / "train.py"), *SMALL, *settings, *more]


def grpo_steps(folder: Path) -> list[int]:
    """The optimizer steps in the metrics file, a torn last line left out."""
    file = folder / "metrics.jsonl"
    lines = file.read_text().split("\n")[:-1] if file.is_file() else []
    rows = [json.loads(line) for line in lines]
    return [row["step"] for row in rows if row["stage"] == "grpo" and "reward" in row]


def spread(folder: Path, processes: int, accelerator: str, stage: int) -> Path:
    folder.mkdir(parents=True)
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(processes)]
    subprocess.run(
        [*command, HERE / "spread_case.py", folder, accelerator, str(stage)],
        env=QUIET | {"DS_ACCELERATOR": "cpu"},
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
@pytest.mark.parametrize(("accelerator", "stage", "environment"), FLOWS, ids=FLOW_NAMES)
def test_train_starts_two_processes_and_finishes_the_whole_flow(
    tmp_path, accelerator, stage, environment
):
    folder = tmp_path / "run"
    # A KL term has the processes score whole rollouts, of two micro-batches, without gradients.
    more = ["training.beta=0.02", "training.batch_size=4"] if environment == "single_turn" else []
    subprocess.run(command(folder, accelerator, stage, environment, *more), env=QUIET, check=True)
    stages = read_stages(folder / "evaluation.json")
    assert list(stages) == ["base", "warm_start", "grpo"]
    assert ("reached_turn_2" in stages["grpo"]) == (environment == "multi_turn")
    assert (folder / "report.html").is_file()
    best = weights(folder / "checkpoint-best")
    assert all(tensor.numel() for tensor in best.values())
    assert grpo_steps(folder) == [1, 2, 3, 4]


@pytest.mark.distributed
@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (("data=jsonl", "data.path=nowhere.jsonl"), "data file nowhere.jsonl does not exist"),
        (("training.temperature=0",), "training.temperature"),
    ],
    ids=["data", "settings"],
)
def test_a_mistake_of_the_user_is_told_once_by_two_processes_and_ends_with_2(
    tmp_path, mistake, says
):
    asked = command(tmp_path / "run", "ddp", 2, "single_turn", *mistake)
    done = subprocess.run(asked, env=QUIET, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count(says) == 1
    assert "Traceback" not in done.stderr


def test_a_killed_process_is_told_by_torchrun(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    asked = [sys.executable, "-m", launch.__name__, "--standalone", str(script)]
    done = subprocess.run(asked, env=QUIET, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "SIGKILL" in done.stderr


@pytest.mark.distributed
@pytest.mark.parametrize(("accelerator", "stage", "environment"), SIGNALLED, ids=["ddp", "zero3"])
def test_two_processes_save_at_a_signal_and_go_on_to_the_same_weights(
    tmp_path, accelerator, stage, environment
):
    longer = ("training.max_steps=8", "training.eval_every=4")
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    subprocess.run(command(whole, accelerator, stage, environment, *longer), env=QUIET, check=True)
    arguments = command(stopped, accelerator, stage, environment, *longer)
    told = tmp_path / "stderr"
    with told.open("w") as stderr:
        running = subprocess.Popen(arguments, env=QUIET, stderr=stderr)
    while not grpo_steps(stopped):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    assert running.wait() == 128 + signal.SIGTERM
    assert "run the same command again" in told.read_text()
    last = newest_whole(stopped)
    assert 0 < step_of(last) < 8
    subprocess.run(arguments, env=QUIET, check=True)
    assert grpo_steps(stopped) == list(range(1, 9))
    assert same(weights(stopped / "checkpoint-8"), weights(whole / "checkpoint-8"))
    assert same(weights(stopped / "checkpoint-best"), weights(whole / "checkpoint-best"))


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


def test_a_lock_of_a_killed_compiler_is_named_before_anything_waits_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    lock = tmp_path / "cpu_adam" / "lock"
    lock.parent.mkdir()
    lock.touch()
    launch.check_build_locks(tmp_path)
    os.utime(lock, (0, 0))
    training = TrainingConfig(accelerator="deepspeed", offload=True)
    with pytest.raises(ConfigError, match=r"cpu_adam/lock is \d+ minutes old"):
        launch.relaunch(replace(Config(), training=training), ["train.py"])


@pytest.mark.distributed
def test_nothing_is_compiled_for_two_processes_on_cpu():
    code = (
        "from sqlgrpo.config import TrainingConfig\n"
        "from sqlgrpo.training import distributed\n"
        "distributed.deepspeed(TrainingConfig(accelerator='deepspeed'))\n"
        "from deepspeed.comm.torch import build_shm_op\n"
        "assert build_shm_op() is None\n"
    )
    env = QUIET | {"DS_ACCELERATOR": "cpu", "WORLD_SIZE": "2"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def test_offload_leaves_the_optimizer_to_deepspeed():
    made = distributed.deepspeed(TrainingConfig(accelerator="deepspeed", offload=True))
    assert made["zero_optimization"]["offload_optimizer"]["device"] == "cpu"
    assert made["optimizer"]["type"] == "AdamW"
