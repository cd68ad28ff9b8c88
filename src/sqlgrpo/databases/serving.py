"""The inside of a worker process: open benches, run what is asked, answer step by step."""

from __future__ import annotations

import pickle
import resource
import signal
import sqlite3
import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlgrpo.config import CompareConfig, LimitsConfig, SuiteConfig
from sqlgrpo.databases.bench import Bench
from sqlgrpo.databases.cache import load, save
from sqlgrpo.databases.suite import Case, Search, Suite, read_case
from sqlgrpo.errors import ExampleError
from sqlgrpo.types import Example

BENCHES = 64  # open at a time; each holds a handful of connections
SLACK = 1.08  # how far beyond its limit a query gets before the kernel ends the process


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    compare: CompareConfig
    limits: LimitsConfig
    suite: SuiteConfig


@dataclass(slots=True)
class Server:
    """Benches for the examples seen last."""

    settings: Settings
    benches: OrderedDict[Example, Bench | ExampleError] = field(default_factory=OrderedDict)

    def bench(self, example: Example) -> Bench:
        found = self.benches.pop(example, None)
        if found is None:
            try:
                found = self._open(example)
            except ExampleError as error:
                found = error
        self.benches[example] = found
        if len(self.benches) > BENCHES:
            oldest = self.benches.popitem(last=False)[1]
            if isinstance(oldest, Bench):
                oldest.close()
        if isinstance(found, ExampleError):
            raise found
        return found

    def _open(self, example: Example) -> Bench:
        own = self.settings
        case = read_case(example, own.suite)
        return Bench(
            example,
            case,
            self._suite(case),
            compare=own.compare,
            limits=own.limits,
            config=own.suite,
            alarm=alarm,
        )

    def _suite(self, case: Case) -> Suite:
        own = self.settings
        folder = Path(own.suite.cache_dir) if own.suite.cache_dir else None
        suite = load(folder, case.key) if folder else None
        if suite is None:
            suite = Search(case, own.compare, own.limits, own.suite).suite()
            if folder:
                save(folder, case.key, suite)
        return suite


def alarm(seconds: float) -> None:
    """End this process after so long; 0 takes it back."""
    signal.setitimer(signal.ITIMER_REAL, seconds * SLACK)


def serve() -> None:
    """Answer until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides, and closes the line
    line = Connection(int(sys.argv[1]))
    settings: Settings = pickle.loads(line.recv_bytes())
    limit_memory(settings.limits)
    server = Server(settings)
    while True:
        try:
            method, example, arguments = pickle.loads(line.recv_bytes())
        except EOFError:
            return
        for answer in answers(server, method, example, arguments):
            line.send_bytes(pickle.dumps(answer))


def answers(
    server: Server, method: str, example: Example, arguments: tuple[Any, ...]
) -> Iterator[Any]:
    """First ``None`` for ready, then one answer for each argument; an error ends it."""
    try:
        bench = server.bench(example)
        yield None
        for argument in arguments:
            yield getattr(bench, method)(argument)
            alarm(0)
    except ExampleError as error:
        alarm(0)
        yield error


def limit_memory(limits: LimitsConfig) -> None:
    """Cap what SQLite may allocate, and with more room the whole process."""
    heap = limits.max_memory_mb << 20
    sqlite3.connect(":memory:").execute(f"PRAGMA hard_heap_limit = {heap}")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * heap + (1 << 30), resource.RLIM_INFINITY))
