"""How much memory a worker may take, and how it gives some back."""

from __future__ import annotations

import ctypes
import resource
import sqlite3
from pathlib import Path

from sqlgrpo.config import LimitsConfig

PAGES = Path("/proc/self/statm")
TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Only the GNU C library has this, and needs it: a stopped query leaves free pieces everywhere."""


def limit_memory(limits: LimitsConfig) -> None:
    """Cap what SQLite may allocate, and with more room the whole process."""
    heap = limits.max_memory_mb << 20
    sqlite3.connect(":memory:").execute(f"PRAGMA hard_heap_limit = {heap}")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * heap + (1 << 30), resource.RLIM_INFINITY))


def give_back() -> None:
    """Let the system have the memory that is free."""
    if TRIM is not None:
        TRIM(0)


def resident_bytes() -> int:
    """Memory that this process holds; 0 where the system does not say."""
    if not PAGES.exists():
        return 0
    return int(PAGES.read_text().split()[1]) * resource.getpagesize()
