"""Train with GRPO:  python scripts/train.py experiment=quickstart"""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import Config
from sqlgrpo.settings import CONFIGS, read, register, typed

SWEEP = {"--multirun", "-m"}
"""A trial of a sweep that halted itself counts with what it reached."""


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="config")
@exit_on_error
def main(config: DictConfig) -> float:
    from sqlgrpo.training.launch import relaunch

    settings = typed(config, Config)
    if (status := relaunch(settings, sys.argv)) is not None:
        sys.exit(status)

    from sqlgrpo.training.contract import check_names

    check_names()

    from sqlgrpo.training.grpo import train
    from sqlgrpo.training.summary import say, validated

    run = train(settings, console)
    say(run, console)
    if run.halt.is_file() and not SWEEP & set(sys.argv):
        sys.exit(1)
    return validated(run)


if __name__ == "__main__":
    if not {"--help", "-h", "--cfg", "-c", *SWEEP} & set(sys.argv):
        exit_on_error(read)(sys.argv[1:], kind=Config)
    register()
    main()
