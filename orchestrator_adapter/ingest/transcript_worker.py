"""A process of its own that reads transcripts while this one writes down what they hold; small folders do without."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO, NamedTuple

from data.domain.prices import book
from data.domain.transcript_costs import Pricer
from orchestrator_adapter.ingest.transcript_pass import Told

ROOT = Path(__file__).parents[2]
WORTH_IT = 16_000_000
"""Bytes of new content below which starting a process costs more than it saves."""
AHEAD = 8_000_000
"""Bytes that are read ahead of what is written."""
AHEAD_FILES = 200
_PLAIN = -1
"""Pickle's newest form."""


class Job(NamedTuple):
    """Whole lines of a file, and what is known about whoever wrote them."""

    path: bytes
    start: int
    size: int
    first_line: int
    subagent: bool
    session_id: str
    version: int
    written_ms: int
    """When the file was written: the time of lines that have none."""
    sqlite: bool


def told(job: Job, raw: bytes, pricer: Pricer) -> Told:
    """What these lines tell."""
    found = Told(job.subagent, job.first_line, job.start, job.session_id, job.version, job.written_ms, job.sqlite)
    found.read(raw)
    found.price(pricer)
    return found


def _read(job: Job) -> bytes:
    """The lines once more; nothing if they are there no more."""
    try:
        with Path(os.fsdecode(job.path)).open("rb") as file:
            file.seek(job.start)
            raw = file.read(job.size)
    except OSError:
        return b""
    return raw if len(raw) == job.size and raw.endswith(b"\n") else b""


class Here:
    """Reads each job when it comes."""

    def __init__(self) -> None:
        self._pricer = Pricer(book())
        self._done: deque[Told] = deque()

    def begin(self, job: Job, raw: bytes) -> None:
        self._done.append(told(job, raw, self._pricer))

    def full(self) -> bool:
        return bool(self._done)

    def next(self) -> Told | None:
        return self._done.popleft()

    def close(self) -> None:
        self._done.clear()


class Beside:
    """Lets another process read, some jobs ahead of what is asked for."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", f"from {__name__} import serve; serve()"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._waiting: deque[Job] = deque()
        self._ahead = 0
        self._lost = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self, job: Job, _raw: bytes) -> None:
        self._waiting.append(job)
        self._ahead += job.size
        try:
            assert self._process.stdin is not None
            pickle.dump(job, self._process.stdin, _PLAIN)
            self._process.stdin.flush()
        except OSError:
            self._lost = True

    def full(self) -> bool:
        return self._ahead >= AHEAD or len(self._waiting) >= AHEAD_FILES

    def next(self) -> Told | None:
        """What the oldest job told; None if its lines are there no more. If the process is gone, they are read here."""
        job = self._waiting.popleft()
        self._ahead -= job.size
        if not self._lost:
            try:
                assert self._process.stdout is not None
                found: Told | None = pickle.load(self._process.stdout)
                return found
            except (OSError, EOFError, pickle.UnpicklingError):
                self._lost = True
        raw = _read(job)
        return told(job, raw, Pricer(book())) if raw else None

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """Read one job after another, until nobody gives any; what the process runs."""
    given, out = sys.stdin.buffer, sys.stdout.buffer
    jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    listener = threading.Thread(target=_listen, args=(given, jobs), daemon=True)
    writer = threading.Thread(target=_write, args=(out, done), daemon=True)
    listener.start()
    writer.start()
    pricer = Pricer(book())
    while (job := jobs.get()) is not None:
        raw = _read(job)
        done.put(pickle.dumps(told(job, raw, pricer) if raw else None, _PLAIN))
    done.put(None)
    writer.join()


def _listen(given: BinaryIO, jobs: queue.SimpleQueue[Job | None]) -> None:
    try:
        while True:
            jobs.put(pickle.load(given))
    except EOFError:
        jobs.put(None)


def _write(out: BinaryIO, done: queue.SimpleQueue[bytes | None]) -> None:
    try:
        while (answer := done.get()) is not None:
            out.write(answer)
            out.flush()
    except BrokenPipeError:  # nobody waits for it any more
        os._exit(0)
