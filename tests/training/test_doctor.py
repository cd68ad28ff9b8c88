"""scripts/doctor.py: everything at once, in words that fit any screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from threading import Thread

import pytest
from huggingface_hub import hf_api
from rich.console import Console

from sqlgrpo.config import Config
from sqlgrpo.settings import ROOT, read
from sqlgrpo.training.preflight import machine, table, verdict
from sqlgrpo.training.preflight.finding import error, ok, warning

NOWHERE = "http://127.0.0.1:9"
LONG = "set training.max_completion_tokens=123"


@contextmanager
def hub(status: int, code: str) -> Iterator[str]:
    """A hub that gives every request one answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "level", "told"),
    [
        (200, "", "ok", "can be downloaded"),
        (403, "GatedRepo", "error", "accept its licence"),
        (404, "RepoNotFound", "error", "check model.name"),
        (500, "", "warning", "no answer"),
    ],
    ids=["has it", "guards it", "does not know it", "is broken"],
)
def test_a_hub_that(status, code, level, told, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    with hub(status, code) as url:
        monkeypatch.setattr(hf_api.api, "endpoint", url)
        (finding,) = machine.check_hub(read([], kind=Config))
    assert finding.level == level
    assert told in str(finding)


def test_a_hub_out_of_reach_is_a_warning(monkeypatch):
    monkeypatch.setattr(hf_api.api, "endpoint", NOWHERE)
    (finding,) = machine.check_hub(read([], kind=Config))
    assert finding.level == "warning"
    assert "check the network" in finding.next_step


def test_what_to_do_is_not_cut_off_on_a_narrow_screen():
    screen = StringIO()
    found = warning("longest answer", "[12] of 4000 golds are too long", LONG)
    Console(width=50, file=screen).print(table(found))
    text = "".join(screen.getvalue().split()).replace("│", "")
    assert LONG.replace(" ", "") in text
    assert "[12]of4000" in text


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        (ok("disk", "free"), "all is well: a run can start"),
        (warning("a", "", "") + error("b", "", ""), "1 error (b) and 1 warning (a): a run would"),
    ],
)
def test_the_last_line_says_whether_a_run_can_start(findings, told):
    assert verdict(findings).startswith(told)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--sample", "1", "experiment=quickstart", "model=tiny", "data.size=80"], 0, "can start"),
        (["experiment=quickstart", "model=tiny", "data.size=80", "training.num_gpus=2"], 2, "fail"),
        (["--smaple", "4"], 2, "unrecognized arguments: --smaple"),
        (["modle=tiny"], 2, "did you mean 'model'"),
    ],
    ids=["answers a prompt", "finds an error", "knows its options", "knows the settings"],
)
def test_the_script(arguments, status, told):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "doctor.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert told in done.stderr
