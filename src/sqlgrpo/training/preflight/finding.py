"""What a check found: how bad it is, what was seen, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

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
    """All findings, the bad ones with what to do."""
    result = Table("", "check", "found", "what to do", title="preflight")
    for finding in findings:
        colour = COLOURS[finding.level]
        cells = (finding.what, finding.value, finding.next_step)
        result.add_row(
            f"[{colour}]{finding.level}[/]", *(cell.replace("[", r"\[") for cell in cells)
        )
    return result
