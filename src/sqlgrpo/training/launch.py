"""Re-launch the training script under torchrun, hand signals on to the processes and their status
back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import torch
from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.utils.cpp_extension import get_default_build_root

from sqlgrpo.config import Config
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.training.preflight import check_settings, stop_on_errors

ACCELERATORS = ("none", "ddp", "deepspeed")
BUILD_S = 600.0
"""No compilation of an extension takes longer; an older lock was left by a killed process."""


def relaunch(config: Config, command: Sequence[str]) -> int | None:
    """Exit status of the processes that trained; ``None`` when this process should train.

    ``command`` is the script and its arguments. Under torchrun (its variables are set, as on
    several nodes) nothing is launched.
    """
    training = config.training
    if training.accelerator not in ACCELERATORS:
        raise unknown("training.accelerator", training.accelerator, ACCELERATORS)
    if "WORLD_SIZE" in os.environ or training.accelerator == "none":
        return None
    check_devices(training.num_gpus)
    stop_on_errors(f for f in check_settings(config) if f.level == "error")
    if training.offload:
        check_build_locks(Path(os.environ.get("TORCH_EXTENSIONS_DIR") or get_default_build_root()))
    return _run(
        [
            sys.executable,
            "-m",
            "sqlgrpo.training.launch",
            "--standalone",
            "--nproc-per-node",
            str(training.num_gpus),
            *command,
        ],
        environment(training.num_gpus),
    )


def check_devices(wanted: int) -> None:
    """Raise ``ConfigError`` when there are GPUs, but fewer than processes."""
    found = torch.cuda.device_count()
    if wanted < 1 or 0 < found < wanted:
        raise ConfigError(
            f"training.num_gpus={wanted}, but this machine shows {found} GPUs; "
            "set it to at most that, or check CUDA_VISIBLE_DEVICES"
        )


def check_build_locks(folder: Path) -> None:
    """Raise ``ConfigError`` for a lock that DeepSpeed's CPU Adam would wait for without end."""
    for lock in sorted(folder.rglob("lock")):
        age = time.time() - lock.stat().st_mtime
        if age > BUILD_S:
            raise ConfigError(
                f"{lock} is {age / 60:.0f} minutes old: a process was killed while it compiled, "
                "and training.offload=true would wait for it for ever; delete that file"
            )


def environment(processes: int) -> dict[str, str]:
    """The variables of the processes: cores divided, CPU named where there is no GPU."""
    cores = str(max(1, (os.cpu_count() or 1) // processes))
    result = {"OMP_NUM_THREADS": cores} | os.environ
    if not torch.cuda.is_available():
        result["DS_ACCELERATOR"] = "cpu"
    return result


def _run(command: Sequence[str], env: dict[str, str]) -> int:
    """torchrun would kill its processes 30 seconds after a signal, while they save; so the signal
    goes to them, and torchrun sees them end."""
    process = subprocess.Popen(command, env=env, start_new_session=True)
    received: list[int] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for child in children(process.pid):
            os.kill(child, number)

    before = {n: signal.signal(n, hand_on) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 + received[0] if received else status


def children(pid: int) -> list[int]:
    """Processes that ``pid`` started."""
    file = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in file.read_text().split()] if file.is_file() else []


def main(arguments: Sequence[str]) -> None:
    """torchrun, ending with the status of the process that failed instead of 1 and a traceback."""
    try:
        torchrun.run(torchrun.parse_args(arguments))
    except ChildFailedError as error:
        statuses = {failure.exitcode for failure in error.failures.values()}
        statuses.discard(-signal.SIGTERM)  # torchrun's own, for those that had not failed
        if min(statuses, default=-1) < 0:  # killed, for want of memory perhaps: torchrun tells all
            raise
        sys.exit(min(statuses))


if __name__ == "__main__":
    main(sys.argv[1:])
