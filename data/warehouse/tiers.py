"""Old months in Parquet: rows move out of the database into files, and the same names show them together."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from data.warehouse import queries

HOT = timedelta(days=90)
"""A month (UTC) lies in the database until all of it is older than this."""
NOUNS = ("replies", "calls")
LINGER_S = 60.0
"""How long a file stays that another took the place of: who looks may still read it."""
_SQL = queries.named("tiers")
_VIEWS = {
    "replies": "create or replace view replies as select * from hot_replies{}",
    "calls": "create or replace view calls as select * from hot_calls{}",
}
_WARM = {
    "replies": """ union all select w.* from read_parquet([{}]) as w anti join gone_replies as g
        on g.agent_no = w.agent_no and g.message = w.message and g.request = w.request""",
    "calls": " union all select w.* from read_parquet([{}]) as w",
}


@dataclass(frozen=True)
class Tier:
    """What lies in one place."""

    replies: int
    calls: int
    files: int
    bytes: int
    since: datetime | None
    until: datetime | None
    """Of the oldest and the newest row."""


def months(before: datetime) -> datetime:
    """When the month begins that is the first not to be over entirely before a moment."""
    return datetime(before.astimezone(UTC).year, before.astimezone(UTC).month, 1, tzinfo=UTC)


def after(begin: datetime) -> datetime:
    """When the month after one that begins then begins."""
    return (begin + timedelta(days=32)).replace(day=1)


class Tiers:
    """The files of one database; only the mirror writes, one thing at a time."""

    def __init__(self, writer: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._writer, self._path, self.folder = writer, path, warm_folder(path)
        self._left: dict[Path, float] = {}

    def whole(self) -> bool:
        """Whether every file is there in its size; the views lead to them from here on, and what nobody lists goes."""
        listed = self._writer.execute(_SQL["files"]).fetchall()
        with contextlib.suppress(OSError):
            for path in set(self.folder.glob("*")) - {self.folder / file for _, file, _, _ in listed}:
                path.unlink()
        try:
            if any((self.folder / file).stat().st_size != size for _, file, size, _ in listed):
                return False
        except OSError:
            return False
        self._show()
        return True

    def spoiled(self) -> str | None:
        """The first file that is not what was written."""
        for _, file, _, sha256 in self._writer.execute(_SQL["files"]).fetchall():
            try:
                if digest(self.folder / file) != sha256:
                    return str(file)
            except OSError:
                return str(file)
        return None

    def ripe(self, now: datetime) -> list[tuple[str, datetime]]:
        """Noun and month of whatever is to be written: rows that are old enough, or that changed in a file."""
        before = int(months(now - HOT).timestamp() * 1000)
        return [
            (noun, datetime.fromtimestamp(begin_ms / 1000, UTC))
            for noun in NOUNS
            for (begin_ms,) in self._writer.execute(_SQL[f"ripe_{noun}"], {"before": before}).fetchall()
        ]

    def move(self, noun: str, begin: datetime) -> None:
        """Write one month and take its rows out of the database; killed at any moment, either all of it or nothing.

        Raises OSError or duckdb.Error if it cannot be written; then nothing has changed.
        """
        self._clear()
        given = {"begin": int(begin.timestamp() * 1000), "end": int(after(begin).timestamp() * 1000)}
        rows, first_ms, last_ms = self._writer.execute(_SQL[f"counted_{noun}"], given).fetchone() or (0, None, None)
        path = self.folder / f"{noun}-{begin:%Y-%m}-{time.time_ns()}.parquet"
        old = [file for (file,) in self._listed(noun, given["begin"])]
        if rows:
            self._write(_SQL[f"rows_{noun}"], given, path)
        self._writer.begin()
        try:
            self._writer.execute(_SQL["forget"], {"noun": noun, "begin": given["begin"]})
            if rows:
                about = {"noun": noun, "begin": given["begin"], "file": path.name, "rows": rows}
                about |= {"bytes": path.stat().st_size, "sha256": digest(path), "first_ms": first_ms}
                self._writer.execute(_SQL["keep"], about | {"last_ms": last_ms})
            self._writer.execute(_SQL[f"moved_{noun}"], given)
            self._writer.execute(_SQL[f"settled_{noun}"], given if noun == "replies" else None)
            self._show()
            self._writer.commit()
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                self._writer.rollback()
            path.unlink(missing_ok=True)
            raise
        self._left |= {self.folder / file: time.monotonic() for file in old}

    def _listed(self, noun: str, begin_ms: int) -> list[tuple[str]]:
        query = "select file from warm where noun = $noun and begin_ms = $begin"
        return self._writer.execute(query, {"noun": noun, "begin": begin_ms}).fetchall()

    def _write(self, rows: str, given: dict[str, int], path: Path) -> None:
        """Under a name of its own first: a file that has its name is whole and on the disk."""
        self.folder.mkdir(exist_ok=True)
        half = path.with_suffix(".half")
        try:
            copy = f"copy ({rows}) to {_quoted(half)} (format parquet, compression zstd)"
            self._writer.execute(copy, given)
            synced(half)
            half.replace(path)
            synced(self.folder)
        except BaseException:
            half.unlink(missing_ok=True)
            raise

    def _show(self) -> None:
        """Let the names of the nouns show the files too; a view cannot be given a parameter."""
        listed = self._writer.execute(_SQL["files"]).fetchall()
        for noun, view in _VIEWS.items():
            files = [_quoted(self.folder / file) for of, file, _, _ in listed if of == noun]
            self._writer.execute(view.format(_WARM[noun].format(", ".join(files)) if files else ""))

    def _clear(self) -> None:
        """Remove what nobody can be reading any more."""
        for path, since in list(self._left.items()):
            if time.monotonic() - since > LINGER_S:
                path.unlink(missing_ok=True)
                del self._left[path]

    def told(self) -> tuple[Tier, Tier]:
        """What lies in the database, and what in Parquet."""
        replies, calls, first, last = self._writer.execute(_SQL["hot"]).fetchone() or (0, 0, None, None)
        sizes = [
            path.stat().st_size
            for path in (self._path, self._path.with_name(f"{self._path.name}.wal"))
            if path.exists()
        ]
        hot = Tier(replies, calls, 1, sum(sizes), _at(first), _at(last))
        found = self._writer.execute(_SQL["warm"]).fetchone() or (0, 0, 0, 0, None, None)
        replies, calls, files, size, first, last = found
        return hot, Tier(replies, calls, files, size, _at(first), _at(last))


def warm_folder(path: Path) -> Path:
    """Where the old months of a database lie."""
    return path.with_suffix(".warm")


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def synced(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quoted(path: Path) -> str:
    return "'{}'".format(str(path).replace("'", "''"))


def _at(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
