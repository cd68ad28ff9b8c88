"""What an attack may leave behind: changed or new files, dead or growing or busy processes."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path


class Watch:
    """Files under one folder, and this process with its descendants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = self._snapshot()
        self.parent_mb = resident_mb(os.getpid())
        self.most_child_mb = 0.0

    def problems(self) -> list[str]:
        """What changed in the folder since the last look; also notes the children's memory."""
        now = self._snapshot()
        changed = [
            f"file {name} changed" for name in self.files if now.get(name) != self.files[name]
        ]
        changed += [f"file {name} appeared" for name in now if name not in self.files]
        self.files = now
        children = [peak_mb(pid) for pid in descendants(os.getpid())]
        self.most_child_mb = max([self.most_child_mb, *children])
        return changed

    def growth_mb(self) -> float:
        """How much this process has grown since the watch began."""
        return resident_mb(os.getpid()) - self.parent_mb

    def busy_share(self, seconds: float = 1.0) -> float:
        """Share of one core that the descendants burn while nobody asks them anything."""
        before = sum(cpu_seconds(pid) for pid in descendants(os.getpid()))
        time.sleep(seconds)
        return (sum(cpu_seconds(pid) for pid in descendants(os.getpid())) - before) / seconds

    def _snapshot(self) -> dict[str, str]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
        }


def descendants(pid: int) -> list[int]:
    """Process ids below ``pid``; empty where there is no /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def resident_mb(pid: int) -> float:
    """Memory that a process holds now, in MiB."""
    return _status(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """Most memory that a process has held, in MiB."""
    return _status(pid, "VmHWM")


def cpu_seconds(pid: int, *, buried: bool = False) -> float:
    """Processor time that a process has used; with ``buried`` also its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if buried else 13])) / os.sysconf("SC_CLK_TCK")


def spent_seconds() -> float:
    """Processor time of all descendants, those included that were killed and replaced."""
    return sum(cpu_seconds(pid, buried=True) for pid in descendants(os.getpid()))


def _status(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
