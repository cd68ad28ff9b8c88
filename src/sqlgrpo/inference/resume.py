"""A generator that remembers: what was answered before a run was stopped is not asked again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from sqlgrpo.inference.generate import Decoding, Finished, Generator
from sqlgrpo.inference.journal import Journal, Reply, request_id
from sqlgrpo.models.checkpoint import weight_files
from sqlgrpo.types import Message

log = logging.getLogger(__name__)


class Ask(Protocol):
    """Somebody who answers conversations, in order."""

    def __call__(
        self, conversations: Sequence[Sequence[Message]], finished: Finished = ...
    ) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """A generator in front of its journal."""

    ask: Generator
    journal: Journal
    who: str
    """Tells this model and these settings from others."""

    def __call__(
        self,
        conversations: Sequence[Sequence[Message]],
        finished: Finished = lambda _index, _text: None,
    ) -> list[str]:
        """One text per conversation, in order; those of an earlier run are heard first."""
        requests = [request_id({"who": self.who, "messages": list(c)}) for c in conversations]
        texts = [self.journal.answered(request) for request in requests]
        missing = [row for row, text in enumerate(texts) if text is None]
        for row, text in enumerate(texts):
            if text is not None:
                finished(row, text)
        if len(missing) < len(texts):
            log.info("%d of %d answers are there already", len(texts) - len(missing), len(texts))

        def hear(place: int, text: str) -> None:
            row = missing[place]
            question = conversations[row][-1]["content"][-200:]
            self.journal.add(requests[row], question, Reply(text))
            finished(row, text)

        said = iter(self.ask([conversations[row] for row in missing], hear))
        return [next(said) if text is None else text for text in texts]


def who(name: str, checkpoint: Path | None, decoding: Decoding) -> str:
    """A model, the state of its weights on the disk, and how it answers."""
    files = weight_files(checkpoint) if checkpoint else []
    state = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return request_id({"model": name, "weights": state, "decoding": asdict(decoding)})
