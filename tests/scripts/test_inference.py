"""``inference.py`` from the command line, with a tiny checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from omegaconf import OmegaConf
from peft import get_peft_model

from sqlgrpo.config import Config
from sqlgrpo.models import load_model, lora, save
from sqlgrpo.settings import read

SCRIPT = Path(__file__).parents[2] / "scripts" / "inference.py"


def checkpoint(folder: Path) -> Path:
    """What a run leaves: its settings, and an adapter beside them."""
    config = read(["model=tiny", "training=grpo_cpu", "data=builtin"], kind=Config)
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(asdict(config))))
    save(get_peft_model(load_model(config.model), lora(config.model)), folder / "checkpoint-best")
    return folder / "checkpoint-best"


def test_questions_in_a_file_become_answers_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE city (name TEXT, population INTEGER)")
    (tmp_path / "queries.txt").write_text("How many cities?\nWhich is the largest?\n")
    asked = ["--schema", "schema.sql", "--input", "queries.txt", "--output", "out/results.json"]
    short = ["--max-new-tokens", "4"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--checkpoint", str(checkpoint(tmp_path)), *asked, *short],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=240,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "400", "OMP_NUM_THREADS": "1"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "2 questions in" in done.stderr
    rows = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [row["question"] for row in rows] == ["How many cities?", "Which is the largest?"]
    assert all(row["sql"] is not None or row["problem"] for row in rows)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["results.json"]
