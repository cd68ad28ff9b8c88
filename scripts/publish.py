"""Publish a checkpoint with its model card:

python scripts/publish.py --checkpoint RUN/checkpoint-best --name me/Llama-3.1-8B-sql --dry-run
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.settings import read_env


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--name", required=True, help="owner/name on the hub")
    parser.add_argument("--output", type=Path, help="folder to write (default: RUN/publish)")
    parser.add_argument("--merged", action="store_true", help="base and adapter as one model")
    parser.add_argument("--private", action="store_true")
    parser.add_argument("--dry-run", action="store_true", help="write the folder, upload nothing")
    return parser.parse_args()


@exit_on_error
def main() -> int:
    from sqlgrpo.errors import ConfigError
    from sqlgrpo.training.publish import export, push

    read_env()
    chosen = options()
    folder = chosen.output or chosen.checkpoint.resolve().parent / "publish"
    export(chosen.checkpoint, folder, name=chosen.name, merged=chosen.merged)
    console.print(f"wrote {folder}")
    if chosen.dry_run:
        return 0
    token = os.environ.get("HF_TOKEN")
    if not token:
        raise ConfigError("publish: set HUGGINGFACE_TOKEN in .env, or use --dry-run")
    endpoint = os.environ.get("HF_ENDPOINT")
    console.print(push(folder, chosen.name, private=chosen.private, token=token, endpoint=endpoint))
    return 0


if __name__ == "__main__":
    sys.exit(main())
