"""How the processes of one PostgreSQL know of one another: who lives, and whose turn it is to decide."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import sqlalchemy as sa

from data.domain.errors import StoreUnavailable
from data.store.store import PATIENCE, Store
from data.store.workers import LEASE_MS

MISSED_MS = 2_000
"""How long a process that lost its connection has to come back, before its free lock says that it is dead."""
ServerAway = psycopg.Error
"""What every call of a seat may raise; the next one connects again."""
_QUICK: dict[str, Any] = PATIENCE | {"tcp_user_timeout": 3000, "options": "-c statement_timeout=3000"}
"""Who cannot say that it lives has to know that in time."""
_LOCKS = 0x51_44
"""Space of the session locks by which a living process is known: the server frees them when it dies."""
_TURN = 0x51_45_01
"""Lock of the process that decides who works next."""


class Seat:
    """The connection of one engine process on PostgreSQL: while it stands, the process is known to live."""

    def __init__(self, store: Store, worker_id: str) -> None:
        self._address = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._id = worker_id
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._held = False

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._held = False
            self._connection = psycopg.connect(self._address, autocommit=True, **_QUICK)
        return self._connection

    def hold(self) -> None:
        """Have the lock that the server frees when this process dies; what it left of us may still have it a while."""
        connection = self._connected()
        if not self._held:
            found = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (_LOCKS, self._id)).fetchone()
            self._held = bool(found and found[0])

    def beat(self) -> bool:
        """Say that this process lives; False if others have taken its work over."""
        self.hold()
        said = self._connected().execute(
            "update workers set beat_at_ms = extract(epoch from clock_timestamp()) * 1000"
            " where id = %s and lost_at_ms is null and ended_at_ms is null",
            (self._id,),
        )
        return said.rowcount == 1

    def dead(self) -> dict[str, str]:
        """Processes that are gone, and how that is known."""
        silent = self._connected().execute(
            "select id, n - greatest(beat_at_ms, began) as ms, beat_at_ms > began from workers,"
            " (select extract(epoch from clock_timestamp()) * 1000 as n,"
            " extract(epoch from pg_postmaster_start_time()) * 1000 as began) as clock"
            " where id <> %s and lost_at_ms is null and ended_at_ms is null",
            (self._id,),
        )
        return {worker: why for worker, ms, met in silent.fetchall() if (why := self._why(worker, float(ms), met))}

    def _why(self, worker: str, silent_ms: float, met: bool) -> str | None:
        """A lock that this run of the server never gave is free of itself, and proves nothing."""
        if silent_ms > LEASE_MS:
            return f"it said nothing for {silent_ms / 1000:.0f} s"
        return "its process ended" if met and silent_ms > MISSED_MS and self._free(worker) else None

    def _free(self, worker: str) -> bool:
        held = self._connected()
        found = held.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (_LOCKS, worker)).fetchone()
        if free := bool(found and found[0]):
            held.execute("select pg_advisory_unlock(%s, hashtext(%s))", (_LOCKS, worker))
        return free

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def turn(store: Store) -> Iterator[bool]:
    """Whether it is ours to decide, until this ends: one process at a time, and on SQLite there is only one.

    The lock lies in a transaction, so that the server takes it from a process that froze with it.
    """
    if store.sqlite:
        yield True
        return
    try:
        with store.writer.connect() as connection, connection.begin():
            yield bool(connection.exec_driver_sql(f"select pg_try_advisory_xact_lock({_TURN})").scalar())
    except sa.exc.DBAPIError as error:
        raise StoreUnavailable(str(error.orig)) from error
