"""Run the console scripts of ``verifiers`` on our package, with no network to reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

NOWHERE = "http://127.0.0.1:9"
SCHEMA = "CREATE TABLE city (name TEXT, people INTEGER)"


def data_file(folder: Path, golds: dict[str, str]) -> Path:
    """Questions and golds as a data file."""
    rows = [{"question": q, "context": SCHEMA, "answer": gold} for q, gold in golds.items()]
    file = folder / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def overrides(file: Path, *more: str) -> str:
    """The settings of a task, as its configuration takes them."""
    settings = ["data=jsonl", f"data.path={file}", "verifier.suite.workers=1"]
    return " ".join([*settings, "verifier.suite.cache_dir=null", *more])


def command(name: str, folder: Path, *settings: str) -> str:
    """What a console script of ``verifiers`` says about ``sqlgrpo_env``; results go to a folder."""
    network = {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [Path(sys.executable).parent / name, "sqlgrpo_env", *settings, "--no-rich", "-o", "out"],
        cwd=folder,
        env=os.environ | network,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def vf_eval(folder: Path, url: str, settings: str) -> list[dict[str, Any]]:
    """The traces that ``vf-eval`` writes about all our examples and the model at ``url``."""
    command(
        "vf-eval",
        folder,
        *("--env.taskset.split=all", f"--env.taskset.task.overrides={settings}"),
        *("--model", "m", "--client.base-url", url, "--client.api-key-var", "NO_KEY"),
        *("--no-push", "--run.name", "one"),
    )
    (file,) = folder.rglob("traces.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]
