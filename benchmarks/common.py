"""What every benchmark shares: where and how a figure was measured, and how sure it is.

A result is a JSON file: ``{"benchmark", "command", "commit", "machine", "settings", "figures"}``;
each figure is a number, or ``{"value", "low", "high", "n"}`` with a 95 % Wilson interval.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Figure = dict[str, float | int]
Z_95 = 1.959963984540054


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a proportion; (0, 1) when nothing was measured.

    >>> low, high = wilson(0, 100)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.037)
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = k / n, Z_95 * Z_95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return low, high


def rate(k: int, n: int) -> Figure:
    """A proportion with its interval, as it is written to the result file.

    >>> rate(1, 2)["value"], rate(1, 2)["n"]
    (0.5, 2)
    """
    low, high = wilson(k, n)
    return {"value": k / n if n else 0.0, "low": low, "high": high, "n": n, "count": k}


def percent(figure: Figure) -> str:
    """A rate for the summary line.

    >>> percent(rate(1, 200))
    '0.50 % (0.09-2.78, n=200)'
    """
    value, low, high = (100 * figure[key] for key in ("value", "low", "high"))
    return f"{value:.2f} % ({low:.2f}-{high:.2f}, n={figure['n']})"


def machine() -> dict[str, str | int]:
    """The processor, cores, memory and versions that a speed depends on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores(),
        "memory_gb": _memory_gb(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def cores() -> int:
    """Processor cores of this machine; 1 when the system does not say."""
    return os.cpu_count() or 1


def commit() -> str:
    """The commit that was measured, with ``+changes`` when the package's sources differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", "src", "benchmarks", "configs")
    return f"{head}+changes" if changed else head


def command() -> str:
    """The command line, with data files by name only, so that it reads the same anywhere."""
    script = Path(sys.argv[0])
    shown = [f"benchmarks/{script.name}", *(_name_only(argument) for argument in sys.argv[1:])]
    return " ".join(["python", *shown])


def write_result(
    path: Path | str | None,
    name: str,
    figures: Mapping[str, Any],
    *,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write one benchmark's figures with how they were measured; return what was written."""
    result = {
        "benchmark": name,
        "command": command(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "settings": dict(settings or {}),
        "figures": dict(figures),
    }
    if path is not None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def _name_only(argument: str) -> str:
    flag, equals, value = argument.partition("=") if "=" in argument else ("", "", argument)
    path = Path(value)
    inside = path.is_absolute() and path.is_relative_to(ROOT)
    shown = str(path.relative_to(ROOT)) if inside else path.name if "/" in value else value
    return f"{flag}{equals}{shown}"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> int:
    if not hasattr(os, "sysconf"):
        return 0
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
