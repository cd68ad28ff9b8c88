"""Answers kept one by one in a file, so that a run that was stopped asks only what is missing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request: a text, or why there is none."""

    text: str = ""
    error: str = ""


@dataclass(slots=True)
class Journal:
    """Replies by request, in a file that grows by a line for each."""

    path: Path
    replies: dict[str, Reply] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Read the answers there are. Failures are asked again, and so is what was on its way
        when a run was killed."""
        journal = cls(path)
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in lines:
            try:
                row = json.loads(line)
                if not row["error"]:
                    journal.replies[row["request"]] = Reply(row["text"])
            except (ValueError, KeyError, TypeError):
                continue
        path.parent.mkdir(parents=True, exist_ok=True)
        return journal

    def answered(self, request: str) -> str | None:
        """The text of an earlier reply; failures are asked again."""
        reply = self.replies.get(request)
        return reply.text if reply and not reply.error else None

    def add(self, request: str, question: str, reply: Reply) -> None:
        """Keep a reply before anything else can go wrong."""
        row = {"request": request, "text": reply.text, "error": reply.error, "question": question}
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            self.replies[request] = reply
            file.write("\n" * self._is_torn() + json.dumps(row) + "\n")

    def _is_torn(self) -> bool:
        """Whether the last line lacks its end."""
        if not self.path.stat().st_size:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def request_id(body: Mapping[str, Any]) -> str:
    """The same for the same request, in any run."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]
