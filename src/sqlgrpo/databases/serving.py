"""The inside of a worker process: open benches, run what is asked, answer step by step.

``serve`` only forks, and watches: its child does the work, and when a signal ends the child it says
so and forks the next one, which has every import done already.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import sqlite3
import sys
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.bench import WORK_S, Bench
from sqlgrpo.databases.cache import load, save
from sqlgrpo.databases.keys import Key, example_of
from sqlgrpo.databases.parcels import Outbox, opened
from sqlgrpo.databases.suite import Case, Search, Suite, read_case
from sqlgrpo.databases.workers import Died
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

BENCHES = 64  # open at a time; each holds a handful of connections
SILENT_S = 0.01  # processor time for which answers may wait for others


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    compare: CompareConfig
    limits: LimitsConfig
    suite: SuiteConfig


@dataclass(slots=True)
class Server:
    """Benches for the examples seen last."""

    settings: Settings
    benches: OrderedDict[Key, Bench] = field(default_factory=OrderedDict)

    def bench(self, key: Key, packed: bytes | None) -> Bench:
        """The databases of an example, opened from its suite if that is known."""
        found = self.benches.pop(key, None) or self._open(example_of(key), packed)
        self.benches[key] = found
        if len(self.benches) > BENCHES:
            self.benches.popitem(last=False)[1].close()
        return found

    def _open(self, example: Example, packed: bytes | None) -> Bench:
        own = self.settings
        case = read_case(example, own.suite)
        suite = unpack(packed) if packed else self._loaded(case)
        known = suite is not None
        return Bench(
            example,
            case,
            suite or self._built(case),
            compare=own.compare,
            limits=own.limits,
            config=own.suite,
            known=known,
            alarm=alarm,
        )

    def _loaded(self, case: Case) -> Suite | None:
        folder = self.settings.suite.cache_dir
        return load(Path(folder), case.key) if folder else None

    def _built(self, case: Case) -> Suite:
        own = self.settings
        suite = Search(case, own.compare, own.limits, own.suite).suite()
        if own.suite.cache_dir:
            save(Path(own.suite.cache_dir), case.key, suite)
        return suite


def pack(suite: Suite) -> bytes:
    """A suite as the caller keeps it for the next worker."""
    return zlib.compress(pickle.dumps(suite), 1)


def unpack(packed: bytes) -> Suite:
    suite: Suite = pickle.loads(zlib.decompress(packed))
    return suite


def alarm(seconds: float) -> None:
    """End this process after so much processor time; 0 takes it back."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def serve() -> None:
    """Keep a process at work until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides, and closes the line
    line = Connection(int(sys.argv[1]))
    try:
        settings: Settings = pickle.loads(line.recv_bytes())
    except EOFError:
        return
    limit_memory(settings.limits)
    gc.collect()
    gc.freeze()  # a collection in the child would copy every page
    outbox = Outbox(line)
    while True:
        child = os.fork()
        if not child:
            work(line, outbox, settings)
            return
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status >= 0:  # the line is closed, or the child raised
            sys.exit(status)
        try:
            outbox.put((0, Died(status)))
            outbox.flush()
        except OSError:
            return  # the caller has gone


def work(line: Connection, outbox: Outbox, settings: Settings) -> None:
    """Answer until the line is closed."""
    server = Server(settings)
    try:
        while True:
            sent_s = time.thread_time()
            for serial, *request in opened(line.recv_bytes()):
                for answer in answers(server, *request):
                    outbox.put((serial, answer))
                    if time.thread_time() > sent_s + SILENT_S:
                        alarm(0)  # so that no message is cut in two
                        outbox.flush()
                        sent_s = time.thread_time()
            alarm(0)
            outbox.flush()
    except (EOFError, ConnectionError):
        return


def answers(
    server: Server, method: str, key: Key, packed: bytes | None, arguments: tuple[Any, ...]
) -> Iterator[Any]:
    """First the suite if it is new, then one answer for each argument; an error ends it."""
    try:
        alarm(WORK_S)
        bench = server.bench(key, packed)
        yield (None if packed else pack(bench.suite),)
        for argument in arguments:
            alarm(WORK_S)
            yield (getattr(bench, method)(argument),)
    except ExampleError as error:
        yield error
    except MemoryError:
        signal.raise_signal(signal.SIGABRT)  # the next process tries again with an empty memory


def limit_memory(limits: LimitsConfig) -> None:
    """Cap what SQLite may allocate, and with more room the whole process."""
    heap = limits.max_memory_mb << 20
    sqlite3.connect(":memory:").execute(f"PRAGMA hard_heap_limit = {heap}")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * heap + (1 << 30), resource.RLIM_INFINITY))
