"""The store as a whole: opening it, one writer, many readers, and telling listeners after each commit."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from data.domain.errors import FleetError, StoreUnavailable
from data.domain.texts import storable
from data.store import migrate
from data.store.board import Board
from data.store.known import Known
from data.store.ledger import Ledger, Recorded

Listener = Callable[[int, Sequence[Recorded]], None]
"""Called after a commit with the clock and what was appended; must be quick and must not raise."""

CHANNEL = "quarterdeck"
_WRITER_LOCK = 0x51_44_4B
"""PostgreSQL advisory lock held while appending, so that ids commit in order."""

_UNUSABLE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.DatabaseError)
"""Not their subclasses: a broken constraint or a wrong query is a fault of ours and stays loud."""

PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""How soon a server of PostgreSQL that does not answer any more is given up; by itself that takes hours."""
_WRITES = {"options": "-c idle_in_transaction_session_timeout=10s -c lock_timeout=15s"}
"""PostgreSQL takes the writer's lock from a process that froze with it, or was cut off; nobody waits longer for it."""

CLOCK_AGE_S = 0.02
"""Less than what it takes to hear of another process's commit at all."""

_STRETCH = 5_000
"""Events that are read at once when many are to be told."""

LOCK_WAIT_S = 10.0
"""How long a transaction waits for those of other processes."""
LOOK_S = 0.003
"""Between two looks whether they are done."""

_PRAGMAS = (
    "busy_timeout=10000",  # first: the change of the journal waits for other processes too
    "journal_mode=WAL",
    "foreign_keys=ON",
    "cache_size=-64000",
    "temp_store=MEMORY",
    "journal_size_limit=67108864",
)


Doing = Literal["read", "write"]


@dataclass(frozen=True)
class Trouble:
    """That the store cannot be used now."""

    doing: Doing
    """What cannot be done; what cannot even be read cannot be written either."""
    since: datetime
    reason: str


def utc_now() -> datetime:
    return datetime.now(UTC)


def _sqlite(path: str, *, read_only: bool) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", pool_size=20, max_overflow=20)

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        for pragma in _PRAGMAS:
            _patiently(functools.partial(connection.execute, f"PRAGMA {pragma}"))
        if read_only:
            connection.execute("PRAGMA query_only=1")

    sa.event.listen(engine, "connect", connect)
    begin = (lambda connection: connection.exec_driver_sql("BEGIN")) if read_only else _begin_writing
    sa.event.listen(engine, "begin", begin)
    return engine


def _begin_writing(connection: sa.Connection) -> None:
    """Wait for other processes that write.

    SQLite itself looks less and less often, ten times a second in the end: beside a process that writes again and
    again it would wait for seconds.
    """
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        _patiently(functools.partial(connection.exec_driver_sql, "BEGIN IMMEDIATE"))
    finally:
        driver.execute(f"PRAGMA {_PRAGMAS[0]}")


def _patiently(do: Callable[[], object]) -> None:
    """Again while other processes hold the file: where two would wait for each other SQLite gives up at once."""
    waited_until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            do()
            return
        except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
            code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
            if code & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > waited_until:
                raise
        time.sleep(LOOK_S)


def unwritable(path: Path) -> str | None:
    """Which of a file and its folder, which takes what lies beside it, may not be written here; None if both may."""
    for place, noun in ((path, "file"), (path.parent, "folder")):
        if os.access(place, os.F_OK) and not os.access(place, os.W_OK):
            return f"the {noun} {place} is not writable"
    return None


def _asked(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool) -> tuple[str, Any]:
    """Text that no database takes finds nothing; without this PostgreSQL and SQLite each fail in their own way."""
    if isinstance(given, Mapping):
        return statement, {name: _taken(value) for name, value in given.items()}
    return statement, tuple(_taken(value) for value in given)


def _taken(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


class Store:
    """One database: SQLite file or PostgreSQL."""

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now) -> None:
        """Connect, without creating or changing any table: see `migrate.upgrade`."""
        self.url = sa.make_url(url)
        self.now = now
        self._lock = threading.Lock()
        self._fan_lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._told = 0
        self._clock = (-math.inf, 0)
        self._known = Known()
        self._troubles: dict[Doing, Trouble] = {}
        self._worried: list[Callable[[], None]] = []
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            path = str(self.url.database)
            self.writer, self.reader = _sqlite(path, read_only=False), _sqlite(path, read_only=True)
        else:
            address = self.url.set(drivername="postgresql+psycopg")
            some: dict[str, Any] = {"pool_pre_ping": True, "connect_args": PATIENCE}
            self.writer = sa.create_engine(address, pool_size=5, **some | {"connect_args": PATIENCE | _WRITES})
            options = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
            self.reader = sa.create_engine(address, pool_size=20, execution_options=options, **some)
        sa.event.listen(self.reader, "before_cursor_execute", _asked, retval=True)

    @classmethod
    def open(cls, url: str, now: Callable[[], datetime] = utc_now) -> Store:
        """Connect and bring the schema to the newest version.

        Raises StoreUnavailable if it cannot be written, StoreNewer if a newer version of the product wrote it.
        """
        if url.startswith("sqlite:///"):
            folder = Path(str(sa.make_url(url).database)).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnavailable(f"The folder {folder} cannot be made: {error.strerror}.") from error
        store = cls(url, now)
        try:
            with store._refusals("write"):
                migrate.upgrade(store.writer)
            with store.read() as board:
                store._told = board.clock()
        except FleetError:
            store.close()
            raise
        return store

    @contextlib.contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Ledger]:
        """One transaction: everything appended in it is committed together, or nothing is.

        `durable` waits until the disk has it: for money and for ownership of work. Listeners hear of it afterwards.
        """
        with self._lock, self._refusals("write"), self.writer.connect() as connection:
            self._prepare(connection, durable)
            with connection.begin():
                if not self.sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITER_LOCK)))
                ledger = Ledger(connection, self.now)
                yield ledger
                if ledger.appended and not self.sqlite:
                    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, str(ledger.appended[-1].id))))
        with contextlib.suppress(StoreUnavailable):  # what was written is written; the next commit tells of it
            self._tell(ledger.appended)

    def _prepare(self, connection: sa.Connection, durable: bool) -> None:
        if self.sqlite:  # before BEGIN: inside a transaction the pragma does nothing
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    @contextlib.contextmanager
    def read(self) -> Iterator[Board]:
        """One consistent look at the rows; cannot write."""
        with self._refusals("read"), self.reader.connect() as connection, connection.begin():
            yield Board(connection, self._known)

    @contextlib.contextmanager
    def _refusals(self, doing: Doing) -> Iterator[None]:
        try:
            yield
        except FleetError:
            raise
        except sa.exc.DBAPIError as error:
            if type(error) not in _UNUSABLE:
                raise
            raise self._refusal(doing, error.orig) from error
        except (sqlite3.Error, sa.exc.TimeoutError) as error:  # before a transaction; no connection came free
            raise self._refusal(doing, error) from error
        self._worry(doing, None)

    def _refusal(self, doing: Doing, error: BaseException | None) -> StoreUnavailable:
        where, said = self.url.render_as_string(hide_password=True), str(error)
        first = next(iter(said.splitlines()), type(error).__name__)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            first = unwritable(Path(str(self.url.database))) or first
        self._worry(doing, first)
        return StoreUnavailable(f"The store {where} cannot be used: {first}. Nothing was changed.", reason=said)

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with the store, as far as anybody has noticed; None while it is well."""
        return self._troubles.get("read") or self._troubles.get("write")

    def _worry(self, doing: Doing, reason: str | None) -> None:
        if (reason is None) != (doing in self._troubles):
            return
        if reason is None:
            self._troubles.pop(doing, None)
        else:
            self._troubles[doing] = Trouble(doing, self.now(), reason)
        for hear in list(self._worried):
            hear()

    def listen_to_trouble(self, hear: Callable[[], None]) -> Callable[[], None]:
        """Call this when the store can no longer be used, and when it can again; gives the function that ends it."""
        self._worried.append(hear)
        return lambda: self._worried.remove(hear)

    def look_again(self) -> None:
        """Find out whether what was wrong still is, and tell what was missed meanwhile.

        On SQLite a page is really written: an empty transaction succeeds on a full disk.
        """
        with contextlib.suppress(StoreUnavailable):
            self.catch_up()
            with self.write() as ledger:
                if self.sqlite:
                    ledger.connection.exec_driver_sql("PRAGMA user_version=0")

    def blob(self, key: str) -> bytes:
        with self.read() as board:
            return board.blob(key)

    @property
    def told(self) -> int:
        """The clock up to which the listeners of this process have heard of everything."""
        return self._told

    def clock(self) -> int:
        """The id of the last event: exact for what this process wrote, else at most `CLOCK_AGE_S` old.

        Many pages that are woken together ask for it once instead of each for itself.
        """
        asked_at, known = self._clock
        if time.monotonic() - asked_at > CLOCK_AGE_S:
            with self.read() as board:
                known = board.clock()
            self._clock = (time.monotonic(), known)
        return max(known, self._told)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener after every commit from now on; gives the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, news: Sequence[Recorded]) -> None:
        """Pass on what the listeners have not heard; where ids are missing, somebody else committed in between."""
        with self._fan_lock:
            fresh = [entry for entry in news if entry.id > self._told]
            if fresh and fresh[0].id == self._told + 1:
                self._pass_on(fresh)
            elif fresh:
                self._read_on()

    def catch_up(self) -> None:
        """Tell the listeners what other processes committed."""
        with self._fan_lock:
            self._read_on()

    def _read_on(self) -> None:
        while fresh := self._untold():
            self._pass_on(fresh)

    def _untold(self) -> list[Recorded]:
        with self.read() as board:
            return board.events(after=self._told, limit=_STRETCH)

    def _pass_on(self, fresh: Sequence[Recorded]) -> None:
        self._told = fresh[-1].id
        for listener in list(self._listeners):
            listener(self._told, fresh)

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()
