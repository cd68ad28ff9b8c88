"""What a user gets wrong: one clear line, exit status 2, no traceback, nothing overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
ROW = {"question": "How many?", "context": "CREATE TABLE t (a TEXT)", "answer": "SELECT a FROM t"}
ASKED = ["--checkpoint", "plain", "--query", "?", "--schema", "schema.sql"]
BROKEN = ROW | {"answer": "SELECT missing FROM t"}


def call(folder: Path, script: str, *arguments: str) -> str:
    """What a failing call says on standard error, on one line."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / script), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=240,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "400"},
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "columns.jsonl").write_text(json.dumps({"questoin": "?", "context": "x"}) + "\n")
    (tmp_path / "broken.jsonl").write_text(json.dumps(BROKEN) + "\n")
    (tmp_path / "garbage.jsonl").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "plain").mkdir()
    (tmp_path / "schema.sql").write_text(ROW["context"])
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data.path=nowhere.jsonl"], "nowhere.jsonl"),
        (["data.path=empty.jsonl"], "empty"),
        (["data.path=columns.jsonl"], "question"),
        (["data.path=garbage.jsonl"], "garbage.jsonl"),
        (["data.path=broken.jsonl"], "no row passes the audit"),
        (["data.pth=x"], "did you mean 'data.path'"),
        (["data.validation=few"], "could not be converted to Integer"),
    ],
)
def test_data_that_cannot_be_read_is_named(folder, arguments, message):
    assert message in call(folder, "audit.py", "data=jsonl", *arguments)


def test_without_a_gpu_the_default_says_what_it_needs_and_what_to_run(folder):
    said = call(folder, "train.py")
    assert "needs a CUDA GPU" in said
    assert "experiment=quickstart" in said
    assert not (folder / "outputs").exists()


def test_a_model_that_does_not_exist_stops_the_run_before_anything_is_written(folder):
    said = call(folder, "train.py", "experiment=quickstart", "model.name=nobody/nothing")
    assert "cannot load model 'nobody/nothing'" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--checkpoint", "plain", "--query", "?", "--schema", "schema.sql"], "neither an adapter"),
        (["--checkpoint", "plain", "--query", " ", "--schema", "schema.sql"], "is empty"),
        (["--checkpoint", "plain", "--query", "?", "--db", "empty.jsonl"], "has no tables"),
        (["--checkpoint", "plain", "--query", "?", "--db", "garbage.jsonl"], "not a SQLite"),
        (["--checkpoint", "plain", "--query", "?"], "no schema"),
        (["--checkpoint", "plain", "--query", "?", "--output", "plain"], "is a folder"),
        ([*ASKED, "--batch-size", "0"], "batch_size 0: set at least 1"),
        ([*ASKED, "--weights", "float8"], "no choice of weights named 'float8'"),
    ],
)
def test_a_question_that_cannot_be_asked_is_named(folder, arguments, message):
    assert message in call(folder, "inference.py", *arguments)
