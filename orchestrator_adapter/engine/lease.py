"""Keeps this engine process known as living, and takes the work of those that are not.

On PostgreSQL every process says each second that it lives. One whose connection is gone, or that has said nothing for
the time of a lease, is taken for dead by the first that notices: in one transaction it loses its step runs, so that
nothing it may still say is written down. A process that finds itself lost ends its agents and then itself. With SQLite
one process holds a lock on the file, so whoever else is listed is gone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from data.domain import events as e
from data.domain.errors import StoreUnavailable
from data.store import Store, seats, workers
from data.store.seats import ServerAway

BEAT_S = 1.0
SQLITE_BEAT_S = 4.0
"""Only to be shown: nobody takes over on SQLite while the process lives."""
LAST_S = 5.0
"""How long a process that has lost its work waits for its agents' processes to end before it ends."""
GONE = 75
"""Exit code of a process that was taken for dead: try again later (EX_TEMPFAIL)."""

log = structlog.get_logger("engine")


@dataclass
class Lease:
    """The lease of this process."""

    store: Store
    worker: str
    lose_sight: Callable[[], None]
    """Stops every agent: nobody can see what it does."""
    alive: Callable[[], int]
    """How many agents may have a process."""
    taken: Callable[[], None]
    """Called after the work of a dead process became free."""
    lost: bool = False
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def take(self, host: str, pid: int, *, pages: bool, max_agents: int) -> None:
        """Be there from now on: before the engine is, so that nobody finds its work without an owner."""
        self._seat = None if self.store.sqlite else seats.Seat(self.store, self.worker)
        if self._seat is not None:
            self._seat.hold()
        with self.store.write(durable=True) as ledger:
            workers.enlist(ledger.connection, self.worker, host, pid, pages=pages, max_agents=max_agents)
            gone = [w.id for w in workers.living(ledger.connection) if w.id != self.worker]
        if self._seat is not None:
            gone = list(self._seat.dead())
        for dead in gone:
            self.take_over(dead, "its process ended")

    def keep(self) -> None:
        """Say in the background that this process lives."""
        self._thread = threading.Thread(target=self._beat_on, name="engine-lease", daemon=True)
        self._thread.start()

    def _beat_on(self) -> None:
        said, blind = time.monotonic(), False
        while not self._ends.wait(BEAT_S if self._seat else SQLITE_BEAT_S):
            try:
                if not self._beat():
                    self._leave()
                    return
                said, blind = time.monotonic(), False
            except (ServerAway, StoreUnavailable):
                if self._seat and not blind and time.monotonic() - said > workers.GIVE_UP_MS / 1000:
                    log.warning("lease_unseen", worker=self.worker)
                    self.lose_sight()
                    blind = True

    def _beat(self) -> bool:
        if self._seat is None:
            with self.store.write() as ledger:
                return workers.beat(ledger.connection, self.worker)
        if not self._seat.beat():
            return False
        for dead, why in self._seat.dead().items():
            self.take_over(dead, why)
        return True

    def take_over(self, dead: str, why: str) -> None:
        """Free what a dead process had, once: the first one that does it says so."""
        with self.store.write(durable=True) as ledger:
            runs = workers.lose(ledger.connection, dead)
            if runs is None:
                return
            ledger.append(e.WorkerLost(task_id="", worker=dead, taken_by=self.worker, why=why, runs=runs))
        log.warning("worker_lost", worker=dead, why=why, runs=runs)
        self.taken()

    def _leave(self) -> None:
        """Others have taken this process for dead: no agent goes on, nothing more is said."""
        self.lost = True
        log.error("lease_lost", worker=self.worker, why="others took this engine process for dead and have its work")
        self.lose_sight()
        until = time.monotonic() + LAST_S
        while self.alive() and time.monotonic() < until:
            time.sleep(0.05)
        log.error("process_ends", worker=self.worker, code=GONE)
        os._exit(GONE)

    def end(self) -> None:
        """Give up in good order: the work is free for others at once."""
        self._ends.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        try:
            with self.store.write(durable=True) as ledger:
                workers.ended(ledger.connection, self.worker)
        except StoreUnavailable:
            log.warning("lease_not_returned", worker=self.worker)
        if self._seat is not None:
            self._seat.close()
