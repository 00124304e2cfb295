"""The file of the warehouse: one for each process, found again by a later one, thrown away when it is damaged."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
import weakref
from pathlib import Path

import duckdb

from data.warehouse import queries

DAMAGE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.TransactionException,
)
"""What DuckDB says when the file is not what it wrote, or cannot be written; never a wrong question."""
MEMORY = "512MB"
MOST_THREADS = 4
MOST_PLACES = 64


class Opened:
    """One open database, in a file or, where none can be written, in memory."""

    def __init__(self, path: Path | None) -> None:
        """Raises one of DAMAGE."""
        self.path = path
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": min(MOST_THREADS, os.cpu_count() or 1),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if path is not None:
            config["temp_directory"] = f"{path}.tmp"
        self.connection = duckdb.connect(":memory:" if path is None else str(path), config=config)

    def make(self) -> None:
        """The empty tables."""
        with self.connection.cursor() as cursor:
            cursor.begin()
            for statement in queries.named("schema").values():
                cursor.execute(statement)
            cursor.commit()

    def close(self) -> None:
        with contextlib.suppress(duckdb.Error):
            self.connection.close()


class Place:
    """A folder that is this process's own as long as it lives; what lies in it is found again by the next one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: weakref.finalize[[int], Place] | None = None
        self._mine: Path | None = None

    def newest(self) -> Path | None:
        """The file that was left here; the others go."""
        found = sorted(self._own().glob("*.duckdb"))
        for path in found[:-1]:
            remove(path)
        return found[-1] if found else None

    def fresh(self) -> Path:
        """A name that no file has, nor had: DuckDB knows an open file by its name."""
        return self._own() / f"{time.time_ns()}.duckdb"

    def _own(self) -> Path:
        """Raises OSError."""
        if self._mine is None:
            for number in range(MOST_PLACES):
                mine = self._folder / str(number)
                mine.mkdir(parents=True, exist_ok=True)
                handle = os.open(mine / "lock", os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(handle)
                    continue
                self._lock, self._mine = weakref.finalize(self, os.close, handle), mine
                return mine
            raise OSError(f"more than {MOST_PLACES} processes have a warehouse here")
        return self._mine

    def close(self) -> None:
        if self._lock is not None:
            self._lock()
            self._lock = self._mine = None


def remove(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}.wal")):
        with contextlib.suppress(OSError):
            name.unlink()
    shutil.rmtree(path.with_suffix(".warm"), ignore_errors=True)  # the old months of this database
