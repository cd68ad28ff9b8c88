"""Try every gold of a data set before training on it:

python scripts/audit.py data=jsonl data.path=FILE output_dir=outputs/audit

Writes audit.json: what was quarantined and why, what was repaired, by class. Every other setting
of a run can be given too, such as data.limit=3000.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import Config
from sqlgrpo.data import load
from sqlgrpo.data.audit import audit
from sqlgrpo.errors import ConfigError
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read


@exit_on_error
def main() -> None:
    config = read(sys.argv[1:], kind=Config)
    loaded = load(config.data, config.seed)
    rubric = build_rubric(config.verifier)
    try:
        report = audit(loaded.examples, rubric, loaded=loaded, console=console)
    finally:
        rubric.judge.close()
    file = Path(config.output_dir) / "audit.json"
    report.write(file)
    console.print(report.table())
    console.print(f"written to {file}", highlight=False)
    if not report.kept:
        raise ConfigError(f"no row passes the audit; {file} has the reasons")


if __name__ == "__main__":
    main()
