"""The inside of a worker process: open benches, run what is asked, answer step by step.

``serve`` only forks, and watches: its child does the work, and when a signal ends the child it says
so and forks the next one, which has every import done already.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sqlite3
import sys
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.bench import WORK_S, Bench
from sqlgrpo.databases.cache import load, save
from sqlgrpo.databases.keys import Key, example_of
from sqlgrpo.databases.memory import give_back, limit_memory, resident_bytes
from sqlgrpo.databases.parcels import Outbox, opened
from sqlgrpo.databases.suite import Case, Search, Suite, read_case
from sqlgrpo.databases.workers import DEATH, Died, Failed
from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.reading import UNFORESEEN
from sqlgrpo.types import Example

BENCHES = 64  # open at a time, in at most half of the memory that queries may use
SILENT_S = 0.01  # processor time for which answers may wait for others
HOARD_S = 0.05  # and for which memory that a query has left in free pieces may be kept
BUGS = (*UNFORESEEN, sqlite3.Error)
log = logging.getLogger(__name__)


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
    most_bytes: int = 0

    def __post_init__(self) -> None:
        self.most_bytes = resident_bytes() + (self.settings.limits.max_memory_mb << 19)

    def bench(self, key: Key, packed: bytes | None) -> Bench:
        """The databases of an example, opened from its suite if that is known."""
        found = self.benches.pop(key, None) or self._open(example_of(key), packed)
        self.benches[key] = found
        if len(self.benches) > BENCHES:
            self.benches.popitem(last=False)[1].close()
        return found

    def tidy(self) -> None:
        """Give back free memory; close the benches seen longest ago if too little is left."""
        give_back()
        while resident_bytes() > self.most_bytes and len(self.benches) > 1:
            for _ in range(len(self.benches) // 2):
                self.benches.popitem(last=False)[1].close()
            gc.collect()
            give_back()

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


@dataclass(slots=True)
class Chores:
    """What a worker does between answers: it sends them, and gives memory back."""

    outbox: Outbox
    server: Server
    sent_s: float = 0.0
    tidied_s: float = 0.0

    def do(self, after_s: float = 0.0) -> None:
        """Do what is due when so much processor time has gone since the last time."""
        now_s = time.thread_time()
        if now_s < self.sent_s + after_s:
            return
        alarm(0)  # so that no message is cut in two
        self.outbox.flush()
        self.sent_s = now_s
        if now_s > self.tidied_s + HOARD_S:
            self.server.tidy()
            self.tidied_s = now_s


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
            outbox.put((DEATH, Died(status)))
            outbox.flush()
        except OSError:
            return  # the caller has gone


def work(line: Connection, outbox: Outbox, settings: Settings) -> None:
    """Answer until the line is closed."""
    server = Server(settings)
    chores = Chores(outbox, server)
    try:
        while True:
            for serial, *request in opened(line.recv_bytes()):
                known = request[2] is not None
                for step, answer in enumerate(answers(server, *request)):
                    outbox.put((serial, answer))  # a new suite goes out before a query may end us
                    chores.do(SILENT_S if step or known else 0.0)
            chores.do()
    except (EOFError, ConnectionError):
        return


def answers(
    server: Server, method: str, key: Key, packed: bytes | None, arguments: tuple[Any, ...]
) -> Iterator[Any]:
    """First the suite if it is new, then one answer for each argument; an error ends it."""
    try:
        alarm(WORK_S)
        bench = opened_bench(server, key, packed)
        yield (None if packed else pack(bench.suite),)
        step = getattr(bench, method)
        for argument in arguments:
            alarm(WORK_S)
            yield (taken(step, argument),)
    except ExampleError as error:
        yield error
    except MemoryError:
        signal.raise_signal(signal.SIGABRT)  # the next process tries again with an empty memory


def opened_bench(server: Server, key: Key, packed: bytes | None) -> Bench:
    """The example's databases; ``ExampleError`` also when our own code fails on it."""
    try:
        return server.bench(key, packed)
    except BUGS as bug:
        log.exception("no suite for %r", key[1])
        raise ExampleError(f"no suite: {said(bug)}", kind="no_suite") from None


def taken(step: Callable[[Any], Any], argument: Any) -> Any:
    """The answer to one step; generated SQL finds the cases that our own code does not foresee."""
    try:
        return step(argument)
    except BUGS as bug:
        log.exception("no verdict on %r", argument)
        return Failed(said(bug))


def said(bug: Exception) -> str:
    """An exception in one line."""
    return f"{type(bug).__name__}: {bug}".partition("\n")[0][:200]
