"""Look for what would go wrong, before a run costs anything:

python scripts/doctor.py experiment=quickstart
python scripts/doctor.py model=llama-3.1-8b-instruct training=grpo_lora_24gb --sample 4
"""

from __future__ import annotations

import argparse
import sys

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import Config
from sqlgrpo.settings import read


@exit_on_error
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=0, help="prompts to answer with the model")
    options, overrides = parser.parse_known_args()
    config = read(overrides, kind=Config)

    from sqlgrpo.training.preflight import examine, table

    findings = examine(config, sample=options.sample)
    console.print(table(findings))
    return 2 if any(finding.level == "error" for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
