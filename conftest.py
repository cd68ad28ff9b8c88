"""Files whose doctests need an optional package are collected only where it is installed."""

from __future__ import annotations

from importlib.util import find_spec

NEED_VERIFIERS = ["prime.py", "prime_tasks.py"]

collect_ignore = (
    []
    if find_spec("verifiers")
    else [f"src/sqlgrpo/environments/{name}" for name in NEED_VERIFIERS]
)
