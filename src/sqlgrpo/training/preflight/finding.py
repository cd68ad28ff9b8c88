"""What a check found: how bad it is, what was seen, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.markup import escape
from rich.table import Column, Table

from sqlgrpo.errors import ConfigError

log = logging.getLogger(__name__)

Level = Literal["ok", "warning", "error"]
COLOURS = {"ok": "green", "warning": "yellow", "error": "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of one check; ``next_step`` is empty only when all is well."""

    level: Level
    what: str
    value: str
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.value}" + (f"; {self.next_step}" if self.next_step else "")


Findings = list[Finding]


def ok(what: str, value: str) -> Findings:
    return [Finding(level="ok", what=what, value=value)]


def warning(what: str, value: str, next_step: str) -> Findings:
    return [Finding(level="warning", what=what, value=value, next_step=next_step)]


def error(what: str, value: str, next_step: str) -> Findings:
    return [Finding(level="error", what=what, value=value, next_step=next_step)]


def stop_on_errors(findings: Iterable[Finding]) -> None:
    """Log the warnings, and raise ``ConfigError`` with all errors when there is one."""
    found = list(findings)
    for finding in found:
        if finding.level == "warning":
            log.warning("%s", finding)
    errors = [str(finding) for finding in found if finding.level == "error"]
    if errors:
        raise ConfigError("\n".join(errors))


def table(findings: Iterable[Finding]) -> Table:
    """All findings, the bad ones with what to do; nothing is cut off, however narrow the screen."""
    result = Table("", "check", Column("found", overflow="fold"), title="preflight")
    for finding in findings:
        colour = COLOURS[finding.level]
        step = f"\n[{colour}]{escape('-> ' + finding.next_step)}[/]" if finding.next_step else ""
        level = f"[{colour}]{finding.level}[/]"
        result.add_row(level, escape(finding.what), escape(finding.value) + step)
    return result


def verdict(findings: Iterable[Finding]) -> str:
    """What the findings come to, in a line.

    >>> verdict(ok("disk", "76 GiB free") + warning("pad token", "</s>", "name another"))
    '1 warning (pad token): a run can start'
    """
    found = list(findings)
    parts = []
    for level in ("error", "warning"):
        names = [finding.what for finding in found if finding.level == level]
        if names:
            plural = "s" if len(names) > 1 else ""
            parts.append(f"{len(names)} {level}{plural} ({', '.join(names)})")
    fails = any(finding.level == "error" for finding in found)
    return f"{' and '.join(parts) or 'all is well'}: a run {'would fail' if fails else 'can start'}"
