"""Questions of people's own: one statement over a copy of the warehouse, in a process that can reach nothing else."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from data.domain.errors import QuestionRefused, QuestionTooLong, StoreUnavailable
from data.warehouse import queries
from data.warehouse.file import DAMAGE, remove
from data.warehouse.mirror import Standing
from data.warehouse.warehouse import Reader, Warehouse

SANDBOX = Path(__file__).with_name("sandbox.py")
TABLES = ("tasks", "agents", "replies", "tool_calls")
FRESH_S = 30.0
"""A copy that is not older than this serves although there is news: making one takes a while where there is much."""
AT_ONCE = 2
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Limits:
    """What one question may take."""

    seconds: int = 10
    memory: str = "512MB"
    rows: int = 10_000
    bytes: int = 8 * 1024 * 1024
    start_s: float = 10.0
    """For the process to begin and to write; not for the question."""


@dataclass(frozen=True)
class Answered:
    """The rows, and of which moment they are."""

    rows: pa.Table
    more: bool
    """Whether there were more rows than are allowed."""
    clock: int
    seconds: float


@dataclass(frozen=True)
class _Copy:
    path: Path
    standing: Standing
    made_at: float
    columns: tuple[tuple[str, str, str], ...]


class Adhoc:
    """One for each process; the copy lies in a folder of its own, which goes with it."""

    def __init__(self, warehouse: Warehouse, limits: Limits | None = None) -> None:
        self._warehouse, self.limits = warehouse, limits or Limits()
        self._folder = Path(tempfile.mkdtemp(prefix="quarterdeck-questions-"))
        self._gone = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._lock = threading.Lock()
        self._copy: _Copy | None = None
        self._before: _Copy | None = None
        """The copy before it: a process that was started for it may not have opened it yet."""
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """Table, column and type of everything that can be asked for. Raises StoreUnavailable."""
        return self._fresh().columns

    def ask(self, sql: str) -> Answered:
        """Raises QuestionRefused with what is wrong, QuestionTooLong, StoreUnavailable."""
        if not 0 < len(sql.strip()) <= MOST_CHARACTERS:
            raise QuestionRefused(f"A question has from 1 to {MOST_CHARACTERS:,} characters.", field="sql")
        limits = self.limits
        if not self._places.acquire(timeout=limits.seconds):
            raise QuestionTooLong(f"{AT_ONCE} questions of other people are being answered; ask again in a moment.")
        try:
            copy, began = self._fresh(), time.monotonic()
            rows, more = self._answered(copy.path, sql)
            return Answered(rows, more, copy.standing.clock, time.monotonic() - began)
        finally:
            self._places.release()

    def _answered(self, path: Path, sql: str) -> tuple[pa.Table, bool]:
        limits = self.limits
        asked = {"sql": sql, "seconds": limits.seconds, "memory": limits.memory}
        asked |= {"rows": limits.rows, "bytes": limits.bytes}
        late = QuestionTooLong(f"The question took more than {limits.seconds} s and was given up.")
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(SANDBOX), str(path)],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=limits.seconds + limits.start_s,
                env={"LC_ALL": "C.UTF-8"},
                cwd=path.parent,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:  # run() has killed it
            raise late from error
        head, _, body = done.stdout.partition(b"\n")
        try:
            told = json.loads(head)
        except ValueError as error:
            raise QuestionRefused("The question was given up: it needs more memory or time than is allowed.") from error
        if told.get("late"):
            raise late
        if "refused" in told:
            raise QuestionRefused(str(told["refused"]), field="sql")
        try:
            return pa.ipc.open_stream(body).read_all(), bool(told["more"])
        except (pa.ArrowException, OSError) as error:  # it was ended while it wrote
            raise QuestionRefused("The question was given up: it needs more memory or time than is allowed.") from error

    def _fresh(self) -> _Copy:
        """A copy of now, or of half a minute ago at most."""
        standing = self._warehouse.refresh()
        with self._lock:
            known = self._copy
            if known is not None and (
                known.standing.version == standing.version or time.monotonic() - known.made_at < FRESH_S
            ):
                return known
            path = self._folder / f"{time.time_ns()}.duckdb"
            columns = self._made(path)
            if self._before is not None:  # who reads it still has it open
                remove(self._before.path)
            self._before, self._copy = known, _Copy(path, standing, time.monotonic(), columns)
            return self._copy

    def _made(self, path: Path) -> tuple[tuple[str, str, str], ...]:
        try:
            with self._warehouse.look() as reader:
                return copied(reader, path)
        except BaseException as error:
            remove(path)
            if isinstance(error, (*DAMAGE, OSError)):
                first = next(iter(str(error).splitlines()), "")[:300]
                raise StoreUnavailable(f"No copy to ask questions of can be made: {first}") from error
            raise

    def close(self) -> None:
        self._gone()


def copied(reader: Reader, path: Path) -> tuple[tuple[str, str, str], ...]:
    """Write the tables that people may ask for, all as of one moment, into a database of its own; their columns."""
    with reader.cursor.cursor() as cursor:
        cursor.execute("attach '{}' as copy".format(str(path).replace("'", "''")))
        try:
            cursor.begin()
            for name in TABLES:
                cursor.execute(queries.named("adhoc")[name])
            found = cursor.execute(queries.named("adhoc")["columns"]).fetchall()
            cursor.commit()
            return tuple((str(table), str(column), str(kind)) for table, column, kind in found)
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                cursor.rollback()
            raise
        finally:
            with contextlib.suppress(Exception):
                cursor.execute("detach copy")
