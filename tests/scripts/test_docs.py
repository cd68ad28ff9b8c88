"""The guides name commands, options and settings that exist."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from tests.training.test_preflight_machine import LLAMA_8B
from trl import GRPOConfig

from sqlgrpo.config import Config, EvaluateConfig
from sqlgrpo.settings import ROOT, read
from sqlgrpo.training.preflight import memory

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"scripts/(\w+)\.py([^`\n#|<>]*)")
SECTIONS = "|".join(field.name for field in fields(EvaluateConfig))
DOTTED = re.compile(rf"`((?:{SECTIONS})(?:\.\w+)+)")
FILES = {"json", "jsonl", "py", "yaml", "html", "md", "safetensors"}


def commands() -> list[tuple[str, str, list[str]]]:
    """Page, script and arguments of every command line in the guides."""
    found = []
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        for script, rest in COMMAND.findall(text):
            found.append((page.name, script, rest.split()))
    return found


def named(command: tuple[str, str, list[str]]) -> str:
    page, script, words = command
    return " ".join([page, script, *words])


@pytest.mark.parametrize("command", commands(), ids=named)
def test_a_command_in_the_guides_names_a_script_options_and_settings_that_exist(command):
    _, script, words = command
    source = (ROOT / "scripts" / f"{script}.py").read_text()
    for flag in (word for word in words if word.startswith("--")):
        assert f'"{flag}"' in source
    settings = [word for word in words if re.match(r"[a-z_.]+=", word)]
    if script == "evaluate":
        read(settings, name="evaluate", kind=EvaluateConfig)
    elif settings:
        numbered = ["output_dir=outputs"] if "--multirun" in words else []  # Hydra numbers trials
        read([*settings, *numbered], kind=Config)


def settings_in(page: Path) -> list[str]:
    """Dotted names of settings in backquotes, such as `training.batch_size`."""
    names = sorted(set(DOTTED.findall(page.read_text())))
    return [name for name in names if name.rpartition(".")[2] not in FILES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_setting_in_the_guides_exists(page):
    unknown = [name for name in settings_in(page) if not exists(EvaluateConfig, name.split("."))]
    assert not unknown


def test_the_peaks_in_the_gpu_guide_are_those_of_the_estimate():
    rows = re.findall(r"train\.py ([^`]*)` \| (\d+) GiB", (ROOT / "docs" / "gpu.md").read_text())
    assert len(rows) == 4
    for settings, gib in rows:
        needs = memory.estimate(read(settings.split(), kind=Config), LLAMA_8B)
        assert round(needs.peak / memory.GIB) == int(gib), settings


def exists(kind: Any, path: list[str]) -> bool:
    """Does a dataclass have a field, and its type the next one?"""
    name, *rest = path
    if name == "trl":
        return not rest or rest[0] in {field.name for field in fields(GRPOConfig)}
    if not is_dataclass(kind) or name not in {field.name for field in fields(kind)}:
        return False
    return not rest or exists(get_type_hints(kind)[name], rest)
