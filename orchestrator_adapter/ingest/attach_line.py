"""The line over which an attached orchestrator tells: it holds its program up little, and says that it lives."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import weakref

import psutil

from data.domain.errors import FleetError, StoreUnavailable
from data.domain.events import MONEY, Event
from data.store import Ledger, Store, attachments

log = logging.getLogger(__name__)
BEAT_S = 5.0
AGAIN_S = 1.0
"""How soon what could not be written is tried again."""
LAST_S = 20.0
"""How long the end of a task waits for a store that is away."""


class Line:
    """What is told of one task, in its order; kept while the store is away."""

    def __init__(self, store: Store, task_id: str) -> None:
        self._store = store
        self._task_id = task_id
        self._waiting: list[Event] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def open(self, *events: Event) -> None:
        """Write the first events down, and say from now on that this process lives."""
        me = psutil.Process()
        with self._store.write(durable=True) as ledger:
            for event in events:
                ledger.append(event)
            born_ms = round(me.create_time() * 1000)
            attachments.begin(ledger.connection, self._task_id, socket.gethostname(), os.getpid(), born_ms)
        target, args = _beat_on, (weakref.ref(self), self._closed)
        threading.Thread(target=target, args=args, name="attached", daemon=True).start()

    def say(self, *events: Event) -> None:
        """Write it down, or keep it if the store is away; behind what waits already it waits too."""
        with self._lock:
            waited = bool(self._waiting)
            self._waiting += events
            if not waited:
                self._write()

    def close(self, *events: Event) -> None:
        """The last words; raises StoreUnavailable if the store stays away."""
        until = time.monotonic() + LAST_S
        with self._lock:
            self._waiting += events
            while not self._write():
                if time.monotonic() > until:
                    raise StoreUnavailable(f"What was told last of task {self._task_id} could not be written.")
                time.sleep(AGAIN_S)
            with self._store.write() as ledger:
                attachments.end(ledger.connection, self._task_id)
        self._closed.set()

    def beat(self) -> bool:
        """Say that this process lives, and what waits; False if it was taken for dead."""
        with self._lock:
            if self._waiting:
                self._write()
        try:
            with self._store.write() as ledger:
                return attachments.beat(ledger.connection, self._task_id)
        except StoreUnavailable:
            return True

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def _write(self) -> bool:
        """Whether everything is written; what the store refuses for good is logged and let go."""
        try:
            with self._store.write(durable=any(isinstance(event, MONEY) for event in self._waiting)) as ledger:
                for event in self._waiting:
                    self._append(ledger, event)
        except StoreUnavailable as away:
            log.warning("What an attached orchestrator tells waits: %s", away)
            return False
        self._waiting = []
        return True

    @staticmethod
    def _append(ledger: Ledger, event: Event) -> None:
        try:
            ledger.append(event)
        except StoreUnavailable:
            raise
        except FleetError as refused:
            log.warning("An event of an attached orchestrator was refused: %s", refused)


def _beat_on(line: weakref.ref[Line], closed: threading.Event) -> None:
    """Until the task is closed, or nobody has it any more."""
    pause = BEAT_S
    while not closed.wait(pause):
        alive = line()
        if alive is None:
            return
        if not alive.beat():
            log.error("This orchestrator was taken for dead: what it tells from now on is refused.")
            return
        pause = AGAIN_S if alive.waits else BEAT_S
        del alive
