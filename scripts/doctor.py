"""Look for what would go wrong, before a run costs anything.

python scripts/doctor.py experiment=quickstart
python scripts/doctor.py model=llama-3.1-8b-instruct training=grpo_lora_24gb --sample 4

Takes the settings that train.py would get. Exit status 2 when a run would fail.
"""

from __future__ import annotations

import argparse
import sys

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import Config
from sqlgrpo.settings import read


@exit_on_error
def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as for train.py")
    parser.add_argument(
        "--sample",
        type=int,
        default=0,
        metavar="N",
        help="also load the model and answer N prompts, to see what share of groups is flat",
    )
    options = parser.parse_intermixed_args()
    config = read(options.settings, kind=Config)

    from sqlgrpo.training.contract import check_names

    check_names()

    from sqlgrpo.training.preflight import examine, table, verdict

    findings = examine(config, sample=options.sample)
    console.print(table(findings))
    console.print(verdict(findings), highlight=False)
    return 2 if any(finding.level == "error" for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
