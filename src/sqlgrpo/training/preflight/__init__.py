"""Everything that can be known to be wrong before a run costs anything.

``check_settings`` needs the config alone and runs first; ``check_start`` needs the tokenizer and
the data and runs before the first step; ``examine`` is all of it, for ``scripts/doctor.py``.
"""

from sqlgrpo.training.preflight.doctor import check_start, examine
from sqlgrpo.training.preflight.finding import Finding, stop_on_errors, table, verdict
from sqlgrpo.training.preflight.settings import check_settings

__all__ = [
    "Finding",
    "check_settings",
    "check_start",
    "examine",
    "stop_on_errors",
    "table",
    "verdict",
]
