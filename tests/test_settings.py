from __future__ import annotations

from dataclasses import fields

import pytest

from sqlgrpo.config import Config, EvaluateConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.settings import CONFIGS, read

# A sweep numbers its runs, which only a multirun can do.
CHOICES = [
    f"{path.parent.name}={path.stem}"
    for path in sorted(CONFIGS.glob("*/*.yaml"))
    if path.stem != "sweep"
]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_config_composes(choice):
    assert isinstance(read([choice], kind=Config), Config)


def test_the_default_is_llama_instruct_on_sql_create_context():
    config = read([], kind=Config)
    assert config.model.name == "meta-llama/Llama-3.1-8B-Instruct"
    assert config.data.source == "sql_create_context"
    assert config.data.quirks.infer_types
    assert config.verifier.decisive == "equivalent"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.batchsize=4", "did you mean 'training.batch_size'"),
        ("training.warm_start.exmples=4", "did you mean 'training.warm_start.examples'"),
        ("data=jsonll", "did you mean 'jsonl'"),
        ("modle=tiny", "did you mean 'model'"),
        ("training.batch_size=many", "could not be converted to Integer"),
        ("experiment=quikstart", "did you mean 'quickstart'"),
    ],
)
def test_a_misspelt_setting_names_the_nearest_known_one(override, message):
    with pytest.raises(ConfigError, match=message):
        read([override], kind=Config)


def test_evaluate_takes_every_setting_of_a_run_and_its_own():
    config = read(["policy=gold", "data=builtin"], name="evaluate", kind=EvaluateConfig)
    assert config.policy == "gold"
    assert {f.name for f in fields(Config)} < {f.name for f in fields(EvaluateConfig)}


def test_an_empty_line_in_dotenv_does_not_hide_the_gpu(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("CUDA_VISIBLE_DEVICES=\nOUTPUT_DIR=\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUTPUT_DIR", raising=False)
    assert read(["data=builtin"], kind=Config).output_dir == "outputs/builtin"


def test_dotenv_says_where_runs_go(monkeypatch, tmp_path):
    monkeypatch.setenv("OUTPUT_DIR", "")
    monkeypatch.delenv("OUTPUT_DIR")
    (tmp_path / ".env").write_text("OUTPUT_DIR=elsewhere\n")
    monkeypatch.chdir(tmp_path)
    assert read(["data=builtin"], kind=Config).output_dir == "elsewhere/builtin"


def test_evaluate_reads_the_same_values_as_a_run():
    overrides = ["experiment=sql_create_context_cpu", "training.batch_size=4"]
    run = read(overrides, kind=Config)
    evaluated = read(overrides, name="evaluate", kind=EvaluateConfig)
    for name in ("model", "training", "verifier", "environment", "data", "evaluation", "seed"):
        assert getattr(evaluated, name) == getattr(run, name), name
    assert evaluated.data.quirks.infer_types
