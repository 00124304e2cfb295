"""Hears of commits that other processes made: `PRAGMA data_version` on SQLite, LISTEN on PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import cast

import psycopg

from data.domain.errors import StoreUnavailable
from data.store.store import CHANNEL, PATIENCE, Store

LOOK_S = 1.0
"""How often a store that is away is looked for."""
POLL_S = 0.05
"""A look at `data_version` takes 3 microseconds, so twenty a second cost nothing."""


class Watcher:
    """A thread that makes the store tell its listeners about other processes' commits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stop = threading.Event()
        target = self._watch_sqlite if store.sqlite else self._watch_postgresql
        self._thread = threading.Thread(target=target, name="store-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _watch_sqlite(self) -> None:
        while not self._stop.is_set():
            try:
                with contextlib.closing(sqlite3.connect(str(self._store.url.database))) as connection:
                    self._poll(connection)
            except (sqlite3.Error, StoreUnavailable):
                self._stop.wait(LOOK_S)  # the file went away: look again until it is back

    def _poll(self, connection: sqlite3.Connection) -> None:
        seen = -1
        while not self._stop.wait(POLL_S):
            version = cast(int, connection.execute("PRAGMA data_version").fetchone()[0])
            if version != seen:
                self._store.catch_up()
                seen = version
            self._look_if_troubled()

    def _watch_postgresql(self) -> None:
        address = self._store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stop.is_set():
            try:
                with psycopg.connect(address, autocommit=True, **PATIENCE) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._store.catch_up()
                    self._hear(connection)
            except (psycopg.Error, StoreUnavailable):
                self._store.look_again()
                self._stop.wait(LOOK_S)

    def _hear(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        while not self._stop.is_set():
            for _ in connection.notifies(timeout=0.5, stop_after=1):
                self._store.catch_up()
            self._look_if_troubled()

    def _look_if_troubled(self) -> None:
        if self._store.trouble is not None and not self._stop.wait(LOOK_S):
            self._store.look_again()
