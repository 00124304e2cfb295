"""Imports as work in the background: one at a time for each folder, told as events, and watching a folder for more."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from dataclasses import asdict
from pathlib import Path

import structlog

from data.domain.errors import FleetError, ImportRunning, StoreUnavailable
from data.domain.history_events import ImportMoved, ImportStatus
from data.domain.imports import Import, ImportReport
from data.store import Board, Ledger, Store, search_clock, settings
from orchestrator_adapter.ingest.transcript_files import Found, find
from orchestrator_adapter.ingest.transcripts import Scan

TOLD_S = 0.5
"""How often an import says how far it is."""
LOOK_S = 3.0
"""How often a watched folder is looked at."""
FOUND_S = 5.0
"""So long it is waited until the little that an import does not put into the index itself can be found, too."""
WATCHED_BY = "watch"
log = structlog.get_logger("imports")


class Importer:
    """The imports of this process."""

    def __init__(self, store: Store, look_s: float = LOOK_S) -> None:
        self._store, self._look_s = store, look_s
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._watched: dict[str, tuple[int, int]] = {}
        self._files: set[tuple[str, str]] = set()

    def start(self, folder: Path, *, by: str, again: bool = False) -> Import:
        """Read a folder in the background. Raises ImportRunning if somebody does already."""
        import_id = self._open(folder, by)
        self._spawn(f"import-{import_id[:8]}", lambda: self._run(import_id, folder, by, again))
        return self.told(import_id)

    def run(self, folder: Path, *, by: str, again: bool = False) -> Import:
        """Read a folder now, and come back when it is done."""
        import_id = self._open(folder, by)
        self._run(import_id, folder, by, again)
        return self.told(import_id)

    def told(self, import_id: str) -> Import:
        with self._store.read() as board:
            return board.import_of(import_id)

    def _spawn(self, name: str, do: object) -> None:
        thread = threading.Thread(target=do, name=name, daemon=True)  # type: ignore[arg-type]
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _open(self, folder: Path, by: str) -> str:
        import_id = uuid.uuid4().hex
        with self._store.write() as ledger:
            now = ledger.now()
            for one in Board(ledger.connection).imports():
                if one.status == "running" and one.folder == str(folder) and not one.broken_off(now):
                    raise ImportRunning(f"{folder} is being imported already.", import_id=one.id)
            ledger.append(_moved(import_id, folder, by, "running", ImportReport()))
        return import_id

    def _run(self, import_id: str, folder: Path, by: str, again: bool) -> None:
        job = _Job(self._store, import_id, folder, by, self._ending)
        try:
            job.files = find(folder)
            job.scan = self._scan(again)
            job.scan.run(job.files, job.tell)
            job.end("completed")
            with contextlib.suppress(StoreUnavailable):  # then the index follows when the store is back
                search_clock.settled(self._store, FOUND_S)
        except _Ended:
            job.end("failed", "The server ended; the next import of this folder goes on where this one stopped.")
        except Exception as error:  # the boundary of an import: whatever breaks it is what people have to read
            log.error("import failed", folder=str(folder), exc_info=error)
            why = str(error) if isinstance(error, FleetError) else f"{type(error).__name__}: {error}"
            job.end("failed", why)

    def _scan(self, again: bool = False) -> Scan:
        if len(self._files) > search_clock.MOST_FILES:
            self._files.clear()
        return Scan(self._store, again=again, files=self._files)

    def watch(self) -> None:
        """From now on look at the folder that the fleet's settings name, as long as they say so."""
        self._spawn("history-watch", self._watch)

    def _watch(self) -> None:
        while not self._ending.wait(self._look_s):
            try:
                self.look()
            except _Ended:
                return
            except StoreUnavailable:  # it is said on every page, and the next look comes by itself
                continue
            except Exception as error:  # the boundary of the watch: one bad look must not be the last
                log.error("looking for new history failed", exc_info=error)

    def look(self) -> ImportReport | None:
        """Read in what was added to the watched folder; None if nothing was, or none is watched."""
        with self._store.read() as board:
            wanted = settings.watching(board.connection)
        if not wanted.automatic or not Path(wanted.folder).is_dir():
            self._watched = {}
            return None
        return self.look_at(Path(wanted.folder))

    def look_at(self, folder: Path) -> ImportReport | None:
        """Read in what was added to a folder since the last look; None if nothing was."""
        files = find(folder)
        now = {str(one.path): (one.size, one.mtime_ns) for one in files}
        fresh = [one for one in files if self._watched.get(str(one.path)) != now[str(one.path)]]
        if not fresh:
            return None
        scan = self._scan()
        report = scan.run(fresh, self._unless_ending)
        self._watched = {path: mark for path, mark in now.items() if path not in scan.later}
        return report

    def _unless_ending(self, _ledger: Ledger | None, _files: int, _bytes: int) -> None:
        if self._ending.is_set():
            raise _Ended

    def close(self) -> None:
        """Stop between two files; what was written is whole."""
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=10)


class _Ended(Exception):
    """This process ends."""


class _Job:
    """One import under way: how far it is, said now and then."""

    def __init__(self, store: Store, import_id: str, folder: Path, by: str, ending: threading.Event) -> None:
        self._store, self._id, self._folder, self._by, self._ending = store, import_id, folder, by, ending
        self._told = time.monotonic()
        self._done = (0, 0)
        self.files: list[Found] = []
        self.scan: Scan | None = None

    def tell(self, ledger: Ledger | None, files: int, size: int) -> None:
        """Within a write it costs nothing more; without one, only if it is time."""
        self._done = (files, size)
        if self._ending.is_set() and ledger is None:
            raise _Ended
        if time.monotonic() - self._told < TOLD_S:
            return
        self._told = time.monotonic()
        if ledger is not None:
            ledger.append(self._event("running"))
        else:
            with self._store.write() as own:
                own.append(self._event("running"))

    def end(self, to: ImportStatus, error: str | None = None) -> None:
        try:
            with self._store.write() as ledger:
                ledger.append(self._event(to, error))
        except StoreUnavailable as away:  # then nobody hears of it for a while, and it counts as broken off
            log.error("the end of an import could not be written", why=str(away), import_error=error)

    def _event(self, to: ImportStatus, error: str | None = None) -> ImportMoved:
        report = ImportReport() if self.scan is None else self.scan.report
        total = (len(self.files), sum(one.size for one in self.files))
        return _moved(self._id, self._folder, self._by, to, report, (*total, *self._done), error)


def _moved(
    import_id: str,
    folder: Path,
    by: str,
    to: ImportStatus,
    report: ImportReport,
    counts: tuple[int, int, int, int] = (0, 0, 0, 0),
    error: str | None = None,
) -> ImportMoved:
    total, size, done, done_size = counts
    return ImportMoved(
        task_id="",
        import_id=import_id,
        folder=str(folder),
        to=to,
        by=by,
        files_total=total,
        bytes_total=size,
        files_done=done,
        bytes_done=done_size,
        report=asdict(report),
        error=error,
    )
