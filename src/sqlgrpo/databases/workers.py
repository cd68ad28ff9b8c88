"""Processes that run untrusted SQL and can be killed.

A worker is a fresh interpreter that imports neither torch nor the caller's main module. It gets
tasks over a socket and answers each of their steps. An alarm that the kernel delivers ends a worker
whose query outlives its limit by 8 %; whatever ends a worker costs the step it was at, no more.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

COMMAND = "from sqlgrpo.databases.serving import serve; serve()"
BUG = 1
"""Exit status of Python after an exception: ours, so it must not pass for a bad query."""
SOURCES = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One method of the worker's bench for one example, step by step over ``arguments``."""

    method: str
    example: Any
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Died:
    """What comes back from a step whose worker ended."""

    timed_out: bool
    opening: bool
    """It had not even opened the databases: the example's own fault."""
    status: int


@dataclass(slots=True)
class _Job:
    """A task on its way: ``done`` answers have come; the first one only says it is ready."""

    number: int
    task: Task
    done: int = 0


@dataclass(slots=True)
class Worker:
    """One process and the line to it."""

    settings: bytes
    process: subprocess.Popen[bytes] | None = None
    line: Connection | None = None
    job: _Job | None = None
    ready: bool = False
    """The databases of the job are open; said once after every start of a job."""

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        paths = [SOURCES, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self.line = Connection(ours.detach())
        self.line.send_bytes(self.settings)

    def give(self, job: _Job) -> None:
        if self.line is None or self.process is None or self.process.poll() is not None:
            self.stop()
            self.start()
        self.job, self.ready = job, False
        assert self.line is not None
        task = job.task
        rest = task.arguments[max(job.done - 1, 0) :]
        self.line.send_bytes(pickle.dumps((task.method, task.example, rest)))

    def stop(self) -> int:
        """Kill the process; its exit status."""
        if self.line is not None:
            self.line.close()
            self.line = None
        if self.process is None:
            return 0
        try:
            status = self.process.wait(timeout=0.2 if self.job and self.job.done >= 0 else 0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process = None
        return status


@dataclass(slots=True)
class Pool:
    """Workers that share a queue of tasks; started when first needed."""

    count: int
    settings: Any
    patience_s: float
    """Longest silence of a worker before it is killed."""
    workers: list[Worker] = field(default_factory=list)

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, int, Any]]:
        """Each answer as ``(task, step, answer)``; the answers of a task come in order."""
        queue = deque(_Job(number, task) for number, task in enumerate(tasks))
        while len(self.workers) < min(self.count, len(tasks)):
            self.workers.append(Worker(pickle.dumps(self.settings)))
        for worker in self.workers:
            self._next(worker, queue)
        try:
            while busy := [w for w in self.workers if w.job and w.line]:
                ready = wait([w.line for w in busy if w.line], timeout=self.patience_s)
                for worker in [w for w in busy if w.line in ready] or busy:
                    yield from self._answer(worker, queue, silent=not ready)
        finally:
            for worker in self.workers:
                if worker.job:  # the caller stopped listening
                    worker.job = None
                    worker.stop()

    def close(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.workers.clear()

    def _answer(
        self, worker: Worker, queue: deque[_Job], *, silent: bool
    ) -> Iterator[tuple[int, int, Any]]:
        job = worker.job
        assert job is not None
        assert worker.line is not None
        try:
            if silent:
                raise EOFError
            answer = pickle.loads(worker.line.recv_bytes())
        except (EOFError, OSError):
            yield from self._bury(worker, job, queue, silent=silent)
            return
        failed = isinstance(answer, Exception)
        if not worker.ready and not failed and job.done:  # started again after a death
            worker.ready = True
            return
        worker.ready = True
        step = job.done - 1
        job.done += 1
        if failed or step >= 0:
            yield job.number, max(step, 0), answer
        if failed or job.done > len(job.task.arguments):
            self._next(worker, queue)

    def _bury(
        self, worker: Worker, job: _Job, queue: deque[_Job], *, silent: bool
    ) -> Iterator[tuple[int, int, Any]]:
        status = worker.stop()
        if status == BUG:
            raise RuntimeError("a worker process failed; its traceback is on stderr")
        death = Died(silent or status == -signal.SIGALRM, job.done == 0, status)
        yield job.number, max(job.done - 1, 0), death
        job.done += 1
        if 1 < job.done <= len(job.task.arguments):
            queue.appendleft(job)
        self._next(worker, queue)

    @staticmethod
    def _next(worker: Worker, queue: deque[_Job]) -> None:
        worker.job = None
        if queue:
            worker.give(queue.popleft())
