"""Looks now and then for sessions that say nothing any more: they wait, or were ended without a word."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from data.store import Ledger, Store, bulk, observed
from orchestrator_adapter.ingest.desk import STALE
from orchestrator_adapter.ingest.sightings import Sighting

QUIET = timedelta(seconds=60)
"""Telemetry tells of no end of a turn: after this time a session counts as waiting."""
GONE = timedelta(hours=12)
"""A session of which nobody heard for so long was ended by force."""
SKEW = timedelta(seconds=5)
"""A clock that differs by more from the time that really passed was set, or the machine slept."""


class Sweep:
    """One server's looks; nothing is written while there is nothing to do."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._wall, self._mono = store.now(), monotonic()

    def look(self) -> None:
        """Raises StoreUnavailable; the next look finds the same."""
        now, mono = self._store.now(), self._monotonic()
        astray = (now - self._wall) - timedelta(seconds=mono - self._mono)
        if abs(astray) > SKEW:  # nobody could say anything in that time
            with self._store.write() as ledger:
                observed.shift(ledger.connection, astray)
        self._wall, self._mono = now, mono
        with self._store.read() as board:
            db = board.connection
            gone, quiet = observed.silent(db, now - GONE), observed.quiet(db, now - QUIET)
            old = observed.has_requests(db, now - STALE)
        if gone or quiet or old:
            with self._store.write(durable=True) as ledger:
                observed.forget_requests(ledger.connection, now - STALE)
                _end(ledger, gone, now)
                _rest(ledger, quiet, now)


def _end(ledger: Ledger, gone: list[str], now: datetime) -> None:
    sightings = [Sighting(one, {}) for one in observed.sessions(ledger.connection, gone).values()]
    for sighting in sightings:
        if sighting.known.ours or sighting.known.deleted:
            sighting.now(ended=True)
        else:
            sighting.end(now, "Nothing was heard of it any more.")
    _write(ledger, sightings)
    observed.save(ledger.connection, [sighting.known for sighting in sightings], now)


def _rest(ledger: Ledger, quiet: list[str], now: datetime) -> None:
    sightings = [Sighting(one, {}) for one in observed.sessions(ledger.connection, quiet).values()]
    for sighting in sightings:
        if sighting.is_active(sighting.known.agent_id):
            sighting.waits(now, sighting.known.agent_id, "nothing was heard for a minute")
    _write(ledger, sightings)


def _write(ledger: Ledger, sightings: list[Sighting]) -> None:
    bulk.append(ledger, [bulk.ready(event, when) for sighting in sightings for event, when in sighting.events])
