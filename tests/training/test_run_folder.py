from __future__ import annotations

import json
from dataclasses import replace

import pytest
from omegaconf import OmegaConf

from sqlgrpo.config import (
    Config,
    DataConfig,
    EnvironmentConfig,
    HaltsConfig,
    ModelConfig,
    TrainingConfig,
)
from sqlgrpo.errors import ConfigError
from sqlgrpo.training.run_folder import RunFolder, append


@pytest.fixture
def config(tmp_path):
    return Config(
        output_dir=str(tmp_path / "run"),
        model=ModelConfig(name="random:tiny"),
        environment=EnvironmentConfig(name="single_turn", system_prompt="", user_prompt=""),
        data=DataConfig(source="builtin"),
    )


def test_a_run_with_the_same_settings_is_continued(config):
    assert RunFolder.open(config) == RunFolder.open(config)


def test_a_run_may_be_continued_for_longer(config):
    RunFolder.open(config)
    RunFolder.open(replace(config, training=TrainingConfig(max_steps=1_000)))


def test_a_run_with_other_settings_is_not_overwritten(config):
    RunFolder.open(config)
    with pytest.raises(ConfigError, match=r"other settings \(seed\)"):
        RunFolder.open(replace(config, seed=7))


def test_resume_never_refuses_a_folder_in_use(config):
    RunFolder.open(config)
    with pytest.raises(ConfigError, match="holds a run"):
        RunFolder.open(replace(config, training=TrainingConfig(resume="never")))


def test_a_checkpoint_without_its_weights_is_not_continued_from(config):
    run = RunFolder.open(config)
    for step, files in ((2, ("adapter_model.safetensors",)), (4, ())):
        folder = run.root / f"checkpoint-{step}"
        folder.mkdir()
        for name in ("adapter_config.json", "trainer_state.json", *files):
            (folder / name).write_text("{}")
    assert run.last_checkpoint() == run.root / "checkpoint-2"


def test_metrics_are_appended_a_line_each(config):
    run = RunFolder.open(config)
    run.append_metrics({"step": 1})
    run.append_metrics({"step": 2})
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2]


def test_a_resumed_run_forgets_what_it_takes_again_in_every_file(config):
    run = RunFolder.open(config)
    files = (run.metrics, run.hacks, run.counterexamples)
    for file in files:
        rows = [{"stage": "warm_start", "step": 9}, *({"stage": "grpo", "step": s} for s in (1, 2))]
        append(file, rows)
        with file.open("a") as out:
            out.write('{"stage": "grpo", "st')  # a kill
    run.forget("grpo", after_step=1)
    for file in files:
        kept = [json.loads(line) for line in file.read_text().splitlines()]
        assert [(row["stage"], row["step"]) for row in kept] == [("warm_start", 9), ("grpo", 1)]


def test_a_run_from_before_a_setting_existed_had_its_default(config):
    run = RunFolder.open(config)
    plain = OmegaConf.load(run.config)
    del plain.training.halts, plain.training.curriculum, plain.verifier.suite.own_databases
    run.config.write_text(OmegaConf.to_yaml(plain))
    other = replace(config, training=TrainingConfig(curriculum="learnable"))
    with pytest.raises(ConfigError, match=r"other settings \(training\.curriculum\)"):
        RunFolder.open(other)
    RunFolder.open(config)


def test_limits_of_a_halt_may_change_when_a_run_is_continued(config):
    RunFolder.open(config)
    RunFolder.open(replace(config, training=TrainingConfig(halts=HaltsConfig(kl=None))))
