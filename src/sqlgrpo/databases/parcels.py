"""Many small messages sent as one, so that neither side wakes for each of them.

What waits in an outbox lies in memory that forks share: when the process that wrote it is killed,
its parent still sends it.
"""

from __future__ import annotations

import io
import mmap
import pickle
import struct
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any

ROOM = 1 << 16
SIZE = struct.Struct("q")  # how much of the room is taken, this number included


class Outbox:
    """Messages on their way to a line."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._memory = mmap.mmap(-1, ROOM)
        self._take(SIZE.size)

    def put(self, message: Any) -> None:
        """Keep a message until there are many; send one that is large at once."""
        packed = pickle.dumps(message)
        used = self._used()
        if used + len(packed) > ROOM:
            self.flush()
            used = SIZE.size
        if used + len(packed) > ROOM:
            self._line.send_bytes(packed)
            return
        self._memory[used : used + len(packed)] = packed
        self._take(used + len(packed))  # last, so that a death leaves whole messages

    def flush(self) -> None:
        """Send what waits."""
        if (used := self._used()) > SIZE.size:
            self._line.send_bytes(self._memory[SIZE.size : used])
            self._take(SIZE.size)

    def _used(self) -> int:
        used: int = SIZE.unpack_from(self._memory)[0]
        return used

    def _take(self, used: int) -> None:
        SIZE.pack_into(self._memory, 0, used)


def parcel(messages: Iterable[Any]) -> bytes:
    """All messages as the bytes of one.

    >>> list(opened(parcel([1, "two"])))
    [1, 'two']
    """
    return b"".join(map(pickle.dumps, messages))


def opened(packed: bytes) -> Iterator[Any]:
    """The messages of a parcel, in order."""
    stream = io.BytesIO(packed)
    while stream.tell() < len(packed):
        yield pickle.load(stream)
