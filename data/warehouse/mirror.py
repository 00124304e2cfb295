"""The mirror: rows of the store, copied forward by the clock into DuckDB, and made again whenever it is lost."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import structlog

from data.domain import money, price_rows, prices
from data.store import Board, Store
from data.warehouse import queries
from data.warehouse.ahead import reading_ahead
from data.warehouse.file import DAMAGE, Opened, Place, remove
from data.warehouse.tiers import Tier, Tiers

AGAIN_S = 300.0
"""How long a mirror that had no room on the disk stays in memory before the disk is tried again."""
log = structlog.get_logger("warehouse")
_FILL = queries.named("fill")


@dataclass(frozen=True)
class Standing:
    """Up to where the mirror is."""

    clock: int = 0
    """The last event it has seen."""
    version: int = 0
    """The clock at which something in it changed last: answers of the same version are the same."""
    at: datetime | None = None
    """When it was last brought up to the store."""


@dataclass(frozen=True)
class Health:
    """What somebody who looks after the server wants to know of the mirror."""

    clock: int
    rebuilt: int
    """How often it was made anew because something was wrong with it."""
    why: str | None
    """What was wrong the last time."""
    in_memory: bool


class Mirror:
    """One for each process."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._place = store, Place(folder)
        self._lock = threading.Lock()
        self._open: Opened | None = None
        self._writer: duckdb.DuckDBPyConnection | None = None
        self._tiers: Tiers | None = None
        self._standing = Standing()
        self._rebuilt, self._try_again = 0, 0.0
        self._why: str | None = None

    @property
    def standing(self) -> Standing:
        return self._standing

    def health(self) -> Health:
        opened = self._open
        memory = opened is not None and opened.path is None
        return Health(self._standing.clock, self._rebuilt, self._why, memory)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of the caller's own; the mirror was filled before."""
        opened = self._open
        assert opened is not None
        return opened.connection.cursor()

    def fill(self) -> Standing:
        """Follow the store to its last event. Raises StoreUnavailable."""
        wanted = self._store.clock()
        if self._is_there(wanted):
            return self._standing
        with self._lock:
            if not self._is_there(wanted):  # else somebody filled it while this one waited
                self._filled()
            return self._standing

    def _is_there(self, wanted: int) -> bool:
        return self._open is not None and self._standing.clock >= wanted > 0

    def _filled(self) -> None:
        try:
            self._opened()
            self._follow()
        except duckdb.Error as error:
            if not self._damaged(error):
                raise
            self._throw_away(error)
            try:
                self._opened()
                self._follow()
            except DAMAGE as again:  # not the file, then: the disk
                self._throw_away(again)
                self._in_memory()
                self._follow()

    def mend(self, error: duckdb.Error) -> Standing:
        """Begin anew after a question met damage; raises the error again if it was none."""
        with self._lock:
            if not self._damaged(error):
                raise error
            self._throw_away(error)
            self._filled()
            return self._standing

    def _damaged(self, error: duckdb.Error) -> bool:
        """Whether a file is not what was written; of one in Parquet DuckDB may say anything."""
        if isinstance(error, DAMAGE) or self._tiers is None:
            return isinstance(error, DAMAGE)
        with contextlib.suppress(duckdb.Error):
            return self._tiers.spoiled() is not None
        return True

    def tier(self, now: datetime) -> int:
        """Move months that are over long ago into Parquet; how many were written. Nobody waits longer than for one."""
        moved = 0
        with self._lock:
            ripe = self._tiers.ripe(now) if self._tiers is not None and self._standing.clock else []
        for noun, begin in ripe:
            with self._lock:
                if self._tiers is None or (noun, begin) not in self._tiers.ripe(now):
                    continue  # made anew meanwhile
                try:
                    self._tiers.move(noun, begin)
                except (duckdb.Error, OSError) as error:
                    log.warning("month stays in the database", noun=noun, month=f"{begin:%Y-%m}", reason=str(error))
                    return moved
                moved += 1
        return moved

    def check(self) -> None:
        """Begin anew if a file of Parquet is not what was written. Raises StoreUnavailable."""
        with self._lock:
            if self._tiers is not None and (file := self._tiers.spoiled()) is not None:
                self._throw_away(duckdb.IOException(f"{file} is not what was written"))
                self._filled()

    def tiers(self) -> tuple[Tier, Tier] | None:
        """What lies in the database and in Parquet; None where it is all in memory, or nobody has asked yet."""
        with self._lock:
            return None if self._tiers is None else self._tiers.told()

    def _opened(self) -> None:
        if self._open is not None and self._open.path is None and time.monotonic() > self._try_again:
            self._drop()
        if self._open is not None:
            return
        try:
            found = self._place.newest()
            if found is not None and self._use(found):
                return
            self._new(self._place.fresh())
        except OSError as error:
            log.warning("warehouse is kept in memory", reason=str(error))
            self._in_memory()

    def _use(self, path: Path) -> bool:
        """Go on with the file that a process before left here, if it is of this store and of this version."""
        try:
            self._open = Opened(path)
            self._writer = self._open.connection.cursor()
            self._tiers = Tiers(self._writer, path)
            meta = dict(self._writer.execute("select name, value from meta").fetchall())
            with self._store.read() as board:
                same = meta["schema"] == _schema() and board.mirrored_sign(int(meta["clock"])) == meta["sign"]
                if int(meta["clock"]) == 0 or (same and board.clock() < int(meta["clock"])):
                    same = False
            if same and not self._tiers.whole():
                raise duckdb.IOException("a month in Parquet is not what was written")
        except (duckdb.Error, KeyError, ValueError) as error:
            self._told(error)
            same = False
        if same:
            self._standing = Standing(int(meta["clock"]), int(meta["version"]))
            return True
        self._drop()
        remove(path)
        return False

    def _new(self, path: Path | None) -> None:
        self._open = Opened(path)
        self._open.make()
        self._writer = self._open.connection.cursor()
        self._tiers = None if path is None else Tiers(self._writer, path)
        first = {"schema": _schema(), "search_nanousd": str(prices.book().per_web_search)}
        for name, value in (first | {"clock": "0", "version": "0", "sign": ""}).items():
            self._writer.execute("insert into meta values ($name, $value)", {"name": name, "value": value})
        self._standing = Standing()

    def _in_memory(self) -> None:
        self._try_again = time.monotonic() + AGAIN_S
        self._new(None)

    def _throw_away(self, error: duckdb.Error) -> None:
        path = self._open.path if self._open is not None else None
        self._told(error)
        self._drop()
        if path is not None:
            remove(path)

    def _told(self, error: Exception) -> None:
        first = next(iter(str(error).splitlines()), "")[:300]
        self._rebuilt, self._why = self._rebuilt + 1, f"{type(error).__name__}: {first}"
        log.warning("warehouse is made anew", reason=self._why)

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = self._writer = self._tiers = None
        self._standing = Standing()

    def close(self) -> None:
        with self._lock:
            self._drop()
            self._place.close()

    def _follow(self) -> None:
        """Everything after the last clock, in one transaction here and one look there."""
        assert self._writer is not None
        was = self._standing
        with self._store.read() as board:
            clock = board.clock()
            if clock < was.clock or board.mirrored_sign(was.clock) != self._sign():
                self._drop()  # another store stands in its place, as after a restored backup
                self._new(self._place.fresh())
                was = self._standing
            if clock == was.clock:
                self._standing = Standing(clock, was.version, self._store.now())
                return
            self._writer.begin()
            try:
                changed = _Fill(self._writer, first=was.clock == 0).run(board, was.clock)
                version = clock if changed else was.version
                values = {"clock": str(clock), "version": str(version), "sign": board.mirrored_sign(clock)}
                self._writer.execute(_FILL["set_meta"], values)
                self._writer.commit()
            except BaseException:
                with contextlib.suppress(duckdb.Error):
                    self._writer.rollback()
                raise
        self._standing = Standing(clock, version, self._store.now())

    def _sign(self) -> str:
        assert self._writer is not None
        if self._standing.clock == 0:
            return "none"
        (sign,) = self._writer.execute("select value from meta where name = 'sign'").fetchone() or ("",)
        return str(sign)


def _schema() -> str:
    """Changes with everything that decides what stands in the file."""
    parts = [queries.source("schema"), queries.source("fill"), duckdb.__version__]
    parts.append(money.PRICES.read_text(encoding="utf-8"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Fill:
    """One pass over what changed."""

    def __init__(self, writer: duckdb.DuckDBPyConnection, *, first: bool) -> None:
        self._writer, self._first = writer, first
        self._changed = self._new_parts = False

    def run(self, board: Board, after: int) -> bool:
        """Whether anything became different."""
        take = {"gone": self._gone, "replies": self._replies, "calls": self._calls, "troubles": self._troubles}
        self._do("no_touched")
        told = board.mirrored(after)
        # at first there is so much that the store is best read while what it told before is worked in
        with contextlib.closing(told), reading_ahead(told) if self._first else contextlib.nullcontext(told) as batches:
            for name, batch in batches:
                if name in take:
                    take[name](batch)
                else:
                    self._rows(batch, name)
        if self._new_parts:
            if not self._first:
                self._do("drop_shares")
            self._do("add_shares")
        return self._changed

    def _rows(self, batch: pa.Table, name: str) -> None:
        self._do(f"stage_{name}", batch)
        if not self._first:
            self._do(f"keep_changed_{name}")
            self._do(f"drop_{name}")
        self._changed |= self._do(f"add_{name}") > 0

    def _gone(self, batch: pa.Table) -> None:
        if not self._first:
            self._count(self._do("stage_gone", batch))

    def _replies(self, batch: pa.Table) -> None:
        self._models(batch)
        self._do("stage_replies", batch)
        self._count(0 if self._first else self._do("stage_old_replies"))

    def _calls(self, batch: pa.Table) -> None:
        self._do("stage_calls", batch)
        self._do("touch_calls")
        self._do("add_calls")
        self._changed = self._new_parts = True

    def _troubles(self, batch: pa.Table) -> None:
        self._changed |= self._do("add_troubles", batch) > 0

    def _count(self, old: int) -> None:
        """Put what is staged into the sums; so many of it are known replies, which go first."""
        if old:
            self._do("drop_warm_replies")
            self._do("drop_replies")
        if not self._first:
            self._do("touch_replies")
        self._do("add_replies")
        self._do("add_usage")
        self._changed = self._new_parts = True

    def _models(self, batch: pa.Table) -> None:
        found = set(batch["model"].unique().to_pylist())
        known = {name for (name,) in self._writer.execute("select name from models").fetchall()}
        book = prices.book()
        for number, model in enumerate(sorted(found - known), len(known)):
            self._writer.execute("insert into models values (?, ?, ?)", [number, model, book.canonical(model)])
            for row in price_rows.rows(book, model):
                self._writer.execute("insert into prices values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [number, *row])

    def _do(self, name: str, batch: pa.Table | None = None) -> int:
        """How many rows it wrote."""
        if batch is not None:
            self._writer.register("batch", batch)
        found = self._writer.execute(_FILL[name]).fetchall()
        return int(found[0][0]) if found and isinstance(found[0][0], int) else 0
