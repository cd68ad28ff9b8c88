"""The audit's result: what is kept, what is not and why, on screen and in ``audit.json``."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from sqlgrpo.data.kinds import meaning
from sqlgrpo.data.loaded import Quarantined
from sqlgrpo.files import write_atomically
from sqlgrpo.types import Example

SAMPLES = 5  # rows of each class that audit.json shows in full; all ids are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Every row that was read is in ``kept`` or ``quarantined``, or is a duplicate."""

    kept: list[Example]
    quarantined: list[Quarantined] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)
    """Rows among them that were changed on the way in, by kind of repair."""
    duplicates: int = 0
    audited: int = 0
    """Examples that were run; rows that the loader refused are not among them."""
    seconds: float = 0.0

    @property
    def counts(self) -> Counter[str]:
        """Quarantined rows by class, the largest class first."""
        found = Counter(row.kind for row in self.quarantined)
        return Counter(dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))))

    @property
    def rows(self) -> int:
        return len(self.kept) + len(self.quarantined) + self.duplicates

    def write(self, path: Path) -> None:
        """Write ``audit.json``, whole or not at all."""
        text = json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n"
        write_atomically(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))

    def as_json(self) -> dict[str, Any]:
        by_kind: defaultdict[str, list[Quarantined]] = defaultdict(list)
        for row in self.quarantined:
            by_kind[row.kind].append(row)
        return {
            "rows": self.rows,
            "kept": len(self.kept),
            "duplicates": self.duplicates,
            "repaired": dict(self.repaired),
            "audited": self.audited,
            "seconds": round(self.seconds, 1),
            "examples_per_second": round(self.audited / self.seconds, 1) if self.seconds else None,
            "quarantined": {
                kind: _class_as_json(kind, by_kind[kind], self.rows) for kind in self.counts
            },
        }

    def table(self) -> Table:
        """What happened to the rows, one line for each class, as ``rich`` shows it."""
        table = Table(title=f"Audit of {self.rows:,} rows", title_justify="left")
        table.add_column("what")
        table.add_column("rows", justify="right")
        table.add_column("share", justify="right")
        table.add_column("meaning", overflow="fold")
        table.add_row("kept", *self._share(len(self.kept)), "used for training and evaluation")
        for kind, count in self.repaired.items():
            table.add_row(f"repaired: {kind}", *self._share(count), meaning(kind))
        if self.duplicates:
            table.add_row("duplicates", *self._share(self.duplicates), "dropped, one copy is kept")
        for kind, count in self.counts.items():
            table.add_row(f"quarantined: {kind}", *self._share(count), meaning(kind))
        return table

    def _share(self, count: int) -> tuple[str, str]:
        return f"{count:,}", f"{count / max(self.rows, 1):.1%}"


def _class_as_json(kind: str, rows: list[Quarantined], total: int) -> dict[str, Any]:
    return {
        "meaning": meaning(kind),
        "count": len(rows),
        "share": round(len(rows) / total, 5),
        "samples": [{"id": row.id, "reason": row.reason, "row": row.row} for row in rows[:SAMPLES]],
        "ids": [row.id for row in rows],
    }
