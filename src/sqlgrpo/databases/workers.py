"""Processes that run untrusted SQL and can be killed.

A worker is a fresh interpreter that imports neither torch nor the caller's main module, and forks
the process that does the work. The kernel ends that one when it spends more processor time than it
may; its next fork is there some milliseconds later. Whatever ends a process costs the step it was
at, no more: only processor time makes a verdict, and any other death is tried once more.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from sqlgrpo.databases.keys import Key
from sqlgrpo.databases.parcels import opened, parcel

COMMAND = "from sqlgrpo.databases.serving import serve; serve()"
SOURCES = str(Path(__file__).resolve().parents[2])
BUG = 1
"""Exit status of Python after an exception: ours, so it must not pass for a bad query."""
OPENED = -1
"""The step at which a task's databases are open; its answer is the suite, if it is new."""
TRIES = 3
"""Deaths at one step before they count; opening too slowly twice is enough."""
PARCEL = 32
"""Most questions that a worker is given at once."""
DEATH = 0
"""The serial of a death, which belongs to no request."""
LEAVING_S = 60.0
"""What a worker that has closed its line may take to end, however busy the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One method of the worker's bench for one example, step by step over ``arguments``."""

    method: str
    key: Key
    arguments: tuple[Any, ...] = ()
    suite: bytes | None = None
    """The example's suite, if it is known."""


@dataclass(frozen=True, slots=True)
class Died:
    """What comes back from a step whose process ended."""

    status: int
    """The signal that ended it, negative."""
    opening: bool = False
    """It had not even opened the databases."""

    @property
    def final(self) -> bool:
        """No second try would end otherwise: its own query spent too much."""
        return self.timed_out and not self.opening

    @property
    def timed_out(self) -> bool:
        return self.status == -signal.SIGPROF


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer to a step that our own code could not take: it costs one verdict, not the run."""

    problem: str


def _dead(status: int) -> list[tuple[int, Died]]:
    return [(DEATH, Died(status))]


def _returning_memory() -> dict[str, str]:
    """The environment without what keeps freed memory from the system, as training may set it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}


@dataclass(slots=True)
class _Job:
    """A task on its way; ``step`` is the argument whose answer comes next."""

    number: int
    task: Task
    step: int = 0
    suite: bytes | None = None
    deaths: int = 0
    """At this step."""


@dataclass(slots=True)
class Worker:
    """One process and the line to it."""

    settings: bytes
    process: subprocess.Popen[bytes] | None = None
    line: Connection | None = None
    jobs: deque[_Job] = field(default_factory=deque)
    """What it was given and has not answered, in order."""
    serial: int = 0
    """Of the last request: answers to an earlier one are late."""
    ready: bool = False
    """The databases of the first job are open."""

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        paths = [SOURCES, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env={**_returning_memory(), "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # so that a kill reaches the forks as well
        )
        theirs.close()
        self.line = Connection(ours.detach())
        self.line.send_bytes(self.settings)

    def give(self, jobs: Iterable[_Job]) -> None:
        if self.line is None or self.process is None or self.process.poll() is not None:
            self.kill()
            self.start()
        self.jobs, self.ready = deque(jobs), False
        self.serial += 1
        assert self.line is not None
        self.line.send_bytes(parcel(map(self._request, self.jobs)))

    def _request(self, job: _Job) -> tuple[Any, ...]:
        task = job.task
        return self.serial, task.method, task.key, job.suite, task.arguments[job.step :]

    def kill(self) -> int:
        """End the process now; its exit status."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.leave()

    def leave(self) -> int:
        """Let the process end by itself, which it does when the line is closed."""
        if self.line is not None:
            self.line.close()
            self.line = None
        if self.process is None:
            return 0
        try:
            status = self.process.wait(timeout=LEAVING_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            status = self.process.wait()
        self.process = None
        return status


@dataclass(slots=True)
class Pool:
    """Workers that share a queue of tasks; started when first needed."""

    count: int
    settings: Any
    patience_s: float
    """Longest silence of all workers (wall clock) before they are killed and tried once more."""
    workers: list[Worker] = field(default_factory=list)

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, int, Any]]:
        """Each answer as ``(task, step, answer)``; the answers of a task come in order."""
        queue = deque(_Job(n, task, suite=task.suite) for n, task in enumerate(tasks))
        while len(self.workers) < min(self.count, len(tasks)):
            self.workers.append(Worker(pickle.dumps(self.settings)))
        for worker in self.workers:
            self._next(worker, queue)
        try:
            while busy := [w for w in self.workers if w.jobs and w.line]:
                ready = wait([w.line for w in busy if w.line], timeout=self.patience_s)
                for worker in [w for w in busy if w.line in ready] or busy:
                    for serial, answer in self._heard(worker) if ready else _dead(worker.kill()):
                        if serial in (worker.serial, DEATH):  # which a death before it changes
                            yield from self._take(worker, answer, queue)
        finally:
            for worker in self.workers:
                if worker.jobs:  # the caller stopped listening
                    worker.jobs.clear()
                    worker.kill()

    def close(self) -> None:
        for worker in self.workers:
            worker.leave()
        self.workers.clear()

    @staticmethod
    def _heard(worker: Worker) -> list[tuple[int, Any]]:
        """What a worker says: deaths, and answers with the serial of their request."""
        assert worker.line is not None
        try:
            return list(opened(worker.line.recv_bytes()))
        except (EOFError, OSError):
            status = worker.leave()
            if status == BUG:
                raise RuntimeError("a worker process failed; its traceback is on stderr") from None
            return _dead(status)

    def _take(
        self, worker: Worker, answer: Any, queue: deque[_Job]
    ) -> Iterator[tuple[int, int, Any]]:
        job = worker.jobs[0]
        if isinstance(answer, Died):
            yield from self._bury(worker, job, answer, queue)
        elif isinstance(answer, Exception):
            yield job.number, job.step, answer
            self._done(worker, queue)
        elif not worker.ready:  # opened
            worker.ready = True
            if answer[0] is not None:
                job.suite = answer[0]
                yield job.number, OPENED, job.suite
        else:
            yield job.number, job.step, answer[0]
            job.step, job.deaths = job.step + 1, 0
            if job.step == len(job.task.arguments):
                self._done(worker, queue)

    def _bury(
        self, worker: Worker, job: _Job, death: Died, queue: deque[_Job]
    ) -> Iterator[tuple[int, int, Any]]:
        """Try the step again, unless its query spent too much or it died too often."""
        death = Died(death.status, opening=not worker.ready)
        queue.extendleft(reversed(list(worker.jobs)[1:]))  # the others died unheard
        job.deaths += 1
        if not death.final and job.deaths < TRIES - death.timed_out:
            worker.give([job])
            return
        yield job.number, job.step, death
        if worker.ready:
            job.step, job.deaths = job.step + 1, 0
            if job.step < len(job.task.arguments):
                queue.appendleft(job)
        self._next(worker, queue)

    def _done(self, worker: Worker, queue: deque[_Job]) -> None:
        worker.jobs.popleft()
        worker.ready = False
        if not worker.jobs:
            self._next(worker, queue)

    def _next(self, worker: Worker, queue: deque[_Job]) -> None:
        """Give a worker as much as leaves enough for the others; suites are built one by one."""
        jobs: list[_Job] = []
        asked, most = 0, len(queue) // (2 * len(self.workers))
        while queue and (not jobs or (len(jobs) < most and asked < PARCEL and jobs[-1].suite)):
            jobs.append(queue.popleft())
            asked += len(jobs[-1].task.arguments)
        worker.jobs.clear()
        if jobs:
            worker.give(jobs)
