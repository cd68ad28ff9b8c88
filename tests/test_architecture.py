"""Imports point one way. Edit LAYERS only when the diagram in docs/architecture.md changes too."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "sqlgrpo"

# A package may import from the lines above its own, never from below or beside.
LAYERS = [
    {"errors", "types", "files"},
    {"config", "registry"},
    {"settings", "cli", "progress"},
    {"parsers"},
    {"databases"},
    {"verifiers"},
    {"rubrics"},
    {"data"},
    {"environments", "models"},
    {"inference"},
    {"evaluation"},
    {"training"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

ONLY_IN = {
    "trl": {"training"},
    "torch": {"models", "inference", "training"},
    "transformers": {"models", "inference", "evaluation", "training"},
    "peft": {"models", "training"},
    "datasets": {"data", "training"},
    "verifiers": {"environments"},  # Prime Intellect's package, not ours
    "hydra": {"settings"},
    "sqlite3": {"databases"},
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    home = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if home == "__init__":
        return
    assert home in RANK, f"{home} is in no layer"
    for name in imports(path):
        root, _, rest = name.partition(".")
        if root == "sqlgrpo" and rest:
            target = rest.split(".")[0]
            assert target == home or RANK[target] < RANK[home], f"{home} must not import {target}"
        assert home in ONLY_IN.get(root, {home}), f"{root} belongs in {ONLY_IN[root]}, not {home}"


@pytest.mark.parametrize("module", ["environments", "evaluation.pairs", "evaluation.run"])
def test_scoring_needs_no_torch(module):
    code = f"import sqlgrpo.{module}, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_short(path):
    assert len(path.read_text().splitlines()) < 300
