"""Where history lies: new rows in the database, old months in Parquet, those of long ago as lines of JSON besides."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from data.domain.errors import FleetError
from data.warehouse import Warehouse, cold
from data.warehouse.cold import Month
from data.warehouse.tiers import Tier

EVERY_S = 6 * 3600.0
log = structlog.get_logger("archive")


@dataclass(frozen=True)
class Lies:
    """What lies where, in this process and for good."""

    hot: Tier | None
    """None: the warehouse is in memory, for the disk cannot be written."""
    warm: Tier | None
    cold: tuple[Month, ...]
    folder: Path


@dataclass(frozen=True)
class Done:
    """What an archiving did; nothing if all was done before."""

    moved: int
    """Files of Parquet that were written."""
    written: tuple[str, ...]
    """Months that were written down as JSON."""


def look(warehouse: Warehouse, home: Path) -> Lies:
    """As of now. Raises StoreUnavailable."""
    warehouse.refresh()
    hot, warm = warehouse.mirror.tiers() or (None, None)
    return Lies(hot, warm, tuple(cold.kept(home / "archive")), home / "archive")


def keep(warehouse: Warehouse, home: Path, now: datetime) -> Done:
    """Move and write down what is old enough. The store is not touched.

    Raises StoreUnavailable, OSError if the folder cannot be written.
    """
    warehouse.refresh()
    warehouse.check()
    moved = warehouse.tier(now)
    with warehouse.look() as reader:
        written = cold.write(reader, home / "archive", now)
    return Done(moved, tuple(written))


class Archiver:
    """Does it by itself, beside whatever else the clock of the engine looks after."""

    def __init__(self, warehouse: Warehouse, home: Path) -> None:
        self._warehouse, self._home = warehouse, home
        self._thread: threading.Thread | None = None

    def look(self, now: datetime) -> None:
        """Begin, unless nobody has asked the warehouse anything yet, or it is under way."""
        if self._warehouse.standing().clock and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._keep, args=[now], name="archiver", daemon=True)
            self._thread.start()

    def _keep(self, now: datetime) -> None:
        try:
            keep(self._warehouse, self._home, now)
        except FleetError as refused:
            log.warning("nothing was archived", reason=str(refused))
        except Exception:  # the boundary of the thread: the next time it is tried again
            log.exception("archiving failed")
