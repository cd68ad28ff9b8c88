"""docs/extending.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sqlgrpo.environments import Environment, MultiTurnEnv, SqlEnv, SqlRepairEnv
from sqlgrpo.errors import ConfigError
from sqlgrpo.registry import lookup
from sqlgrpo.verifiers import VERIFIERS

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_every_example_on_the_page_runs():
    names: dict[str, object] = {}
    try:
        for block in BLOCKS:
            exec(compile(block, str(PAGE), "exec"), names)
    finally:
        VERIFIERS.pop("short", None)
    assert len(BLOCKS) == 5


def test_a_part_is_found_by_name_or_by_import_path():
    assert lookup("environment", "a", {"a": SqlEnv}) is SqlEnv
    assert lookup("environment", "sqlgrpo.environments:SqlRepairEnv", {}) is SqlRepairEnv


@pytest.mark.parametrize(
    ("name", "message"), [("sqlgrpo.nowhere:X", "nowhere"), ("math:nothing", "nothing")]
)
def test_a_part_that_is_not_there_is_named(name, message):
    with pytest.raises(ConfigError, match=message):
        lookup("parser", name, {})


def test_our_environments_have_the_methods_of_the_protocols():
    for protocol, kind in ((Environment, SqlEnv), (MultiTurnEnv, SqlRepairEnv)):
        wanted = {name for name in vars(protocol) if not name.startswith("_")}
        assert wanted <= set(dir(kind))
