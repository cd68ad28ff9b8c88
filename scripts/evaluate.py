"""Evaluate on held-out schemas:

python scripts/evaluate.py checkpoint=outputs/quickstart/checkpoint-best data=builtin
python scripts/evaluate.py policy=gold data=jsonl data.path=FILE        # or base, hacks
python scripts/evaluate.py policy=endpoint endpoint.base_url=http://localhost:8000/v1 \\
    endpoint.model=NAME data=builtin environment=multi_turn
"""

from __future__ import annotations

import sys

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.config import EvaluateConfig
from sqlgrpo.settings import read


@exit_on_error
def main() -> None:
    from sqlgrpo.evaluation.run import run

    config = read(sys.argv[1:], name="evaluate", kind=EvaluateConfig)
    run(config, console, model_given=any(a.startswith("model") for a in sys.argv[1:]))


if __name__ == "__main__":
    main()
