"""Train with GRPO:  python scripts/train.py experiment=quickstart"""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import Config
from sqlgrpo.settings import CONFIGS, read, register, typed


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="config")
@exit_on_error
def main(config: DictConfig) -> float:
    from sqlgrpo.training.launch import relaunch

    settings = typed(config, Config)
    if (status := relaunch(settings, sys.argv)) is not None:
        sys.exit(status)

    from sqlgrpo.training.grpo import train
    from sqlgrpo.training.summary import say

    run = train(settings, console)
    return say(run, console)


if __name__ == "__main__":
    if not {"--help", "-h", "--multirun", "-m", "--cfg", "-c"} & set(sys.argv):
        exit_on_error(read)(sys.argv[1:], kind=Config)
    register()
    main()
