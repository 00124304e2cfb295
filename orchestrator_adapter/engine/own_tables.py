"""The way to the engine's own tables: it waits while they cannot be reached, instead of ending workflows or dozing."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

from data.store.store import PATIENCE

APP = "quarterdeck-engine"
LOOK_S = 0.5
"""How often a server that is away is looked for."""
MOST_S = 3600.0
"""After this DBOS is told, which then tries again each minute or so."""
_DISK = ("disk is full", "disk I/O error", "unable to open database file")


class Tables:
    """Where DBOS keeps its tables: a file of its own, or a schema in the store's database on PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._closed = False
        if url.startswith("sqlite"):
            self.engine = _sqlite(str(sa.make_url(url).database))
        else:
            self.engine = _postgresql(url)
            sa.event.listen(self.engine, "do_connect", self._connect)

    def wait_no_more(self) -> None:
        self._closed = True

    def close(self) -> None:
        self.engine.dispose()  # DBOS leaves that to whoever made it

    def _connect(self, dialect: sa.Dialect, _record: object, given: Any, named: Any) -> Any:
        """Connect as soon as the server is back.

        DBOS waits by itself too, but twice as long each time: after a minute away a task would rest for another one.
        """
        until = time.monotonic() + MOST_S
        while True:
            try:
                return dialect.connect(*given, **named)
            except dialect.loaded_dbapi.OperationalError:
                if self._closed or time.monotonic() > until:
                    raise
                time.sleep(LOOK_S)


def _postgresql(url: str) -> sa.Engine:
    # rows that a frozen process has locked come free again
    options = {"application_name": APP, "options": "-c idle_in_transaction_session_timeout=10s"}
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=20,
        max_overflow=0,
        pool_timeout=MOST_S,  # the places may all be taken by those who wait
        pool_pre_ping=True,
        connect_args=PATIENCE | options,
    )


def _sqlite(path: str) -> sa.Engine:
    """WAL and FULL, which DBOS leaves out, on the engine's own file."""
    engine = sa.create_engine(f"sqlite:///{path}", pool_size=20, max_overflow=0)

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    sa.event.listen(engine, "connect", connect)
    sa.event.listen(engine, "handle_error", _wait_as_for_a_lock)
    return engine


def _wait_as_for_a_lock(context: sa.ExceptionContext) -> Exception | None:
    """A full or failing disk becomes the one trouble of SQLite that DBOS waits out; others end its workflows."""
    said = str(context.original_exception)
    if any(trouble in said for trouble in _DISK):
        return sqlite3.OperationalError(f"database is locked ({said})")
    return None
