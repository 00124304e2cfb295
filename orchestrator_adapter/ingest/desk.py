"""Writes down a batch of what was received: in one transaction, whatever it is of, and however many sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog

from data.domain import events as e
from data.domain.errors import StoreUnavailable
from data.store import Ledger, Store, bulk, observed
from data.store.observed import Session
from orchestrator_adapter.ingest import hooks, telemetry
from orchestrator_adapter.ingest.otlp import Record
from orchestrator_adapter.ingest.sightings import Sighting

Source = Literal["hooks", "logs", "metrics"]
SESSION_CHARS = 80
NAME_CHARS = 80
NO_SESSION = "(without a session)"
STALE = timedelta(minutes=10)
"""What a record says of its time is believed if it is no older than this, and not of the future."""
QUIET = timedelta(seconds=60)
"""Telemetry tells of no end of a turn: after this time a session counts as waiting."""
GONE = timedelta(hours=12)
"""A session of which nobody heard for so long was ended by force."""

log = structlog.get_logger("intake")


@dataclass(frozen=True)
class Item:
    """One thing that was received: the body of a hook, or a record of telemetry."""

    source: Source
    name: str
    session: str
    """Empty: it is of no session, and only counted."""
    body: Mapping[str, Any] | Record


def hook(body: Mapping[str, Any]) -> Item:
    name = hooks.text(body, "hook_event_name")[:NAME_CHARS] or "nameless"
    return Item("hooks", name, hooks.text(body, "session_id")[:SESSION_CHARS], body)


def record(source: Literal["logs", "metrics"], one: Record) -> Item:
    session = telemetry.session_of(one) or ""
    return Item(source, telemetry.name_of(one)[:NAME_CHARS] or "nameless", session[:SESSION_CHARS], one)


def transcripts(items: Iterable[Item]) -> dict[str, str]:
    """The sessions that hooks told of, each with the file that it names."""
    return {
        item.session: hooks.text(item.body, "transcript_path")
        for item in items
        if item.session and not isinstance(item.body, Record)
    }


def write_all(store: Store, items: Sequence[Item]) -> None:
    """Write the items in order, all or nothing; raises StoreUnavailable.

    One that cannot be folded must not keep the others out: then each is written by itself, and that one is counted.
    """
    try:
        with store.write(durable=True) as ledger:
            _write(ledger, items)
    except StoreUnavailable:
        raise
    except Exception as error:  # whatever a foreign program sent, the rest of the batch has to be kept
        if len(items) > 1:
            for item in items:
                write_all(store, [item])
            return
        log.error("received and not understood", source=items[0].source, name=items[0].name, exc_info=error)
        with store.write(durable=True) as ledger:
            observed.count(ledger.connection, Counter({(items[0].source, "(not understood)"): 1}), ledger.now())


def _write(ledger: Ledger, items: Sequence[Item]) -> None:
    db, now = ledger.connection, ledger.now()
    contents: dict[str, bytes] = {}
    known = observed.sessions(db, {item.session for item in items if item.session})
    seen = {one.id: Sighting(one, contents) for one in known.values()}
    order: list[tuple[Sighting, int]] = []
    for item in items:
        if item.session and not (known[item.session].ours or known[item.session].deleted):
            _tell(seen[item.session], item, now)
            order.append((seen[item.session], len(seen[item.session].events)))
    bulk.keep(ledger, contents.values())
    bulk.append(ledger, _in_order(order))
    for one in known.values():
        if one.ours and not one.deleted and one.task_status is not None:
            _withdraw(ledger, one)
    observed.save(db, [one.known for one in seen.values()], now)
    counted: Counter[tuple[str, str]] = Counter(
        (item.source, item.name if item.session else NO_SESSION) for item in items
    )
    observed.count(db, counted, now)


def _in_order(order: Sequence[tuple[Sighting, int]]) -> list[bulk.Dated]:
    """The events of all sessions in the order in which they were told."""
    taken: Counter[str] = Counter()
    out: list[bulk.Dated] = []
    for sighting, until in order:
        out += sighting.events[taken[sighting.known.id] : until]
        taken[sighting.known.id] = until
    return out


def _tell(seen: Sighting, item: Item, now: datetime) -> None:
    if isinstance(item.body, Record):
        at = _when(item.body, now)
        telemetry.measure(seen, item.body, at) if item.source == "metrics" else telemetry.tell(seen, item.body, at)
    else:
        hooks.tell(seen, item.body, now)


def _when(one: Record, now: datetime) -> datetime:
    if not 0 < one.at_ns < 2**62:
        return now
    at = datetime.fromtimestamp(one.at_ns / 1e9, UTC)
    return at if now - STALE <= at <= now else now


def _withdraw(ledger: Ledger, session: Session) -> None:
    """An agent of ours turned out to have the session: what was shown beside it goes."""
    ledger.append(e.TaskDeleted(task_id=session.task_id, by="engine"))


def sweep(store: Store) -> None:
    """Sessions that have said nothing for long: they wait, or were ended without a word."""
    now = store.now()
    with store.read() as board:
        silent = observed.silent(board.connection, now - QUIET)
        gone = set(observed.silent(board.connection, now - GONE))
    if not silent:
        return
    with store.write(durable=True) as ledger:
        found = observed.sessions(ledger.connection, silent)
        events: list[bulk.Dated] = []
        for one in found.values():
            sighting = Sighting(one, {})
            if one.ours or one.deleted:
                sighting.now(ended=True)
            elif one.id in gone:
                sighting.end(now, "Nothing was heard of it any more.")
            elif not one.hooked and sighting.is_active(one.agent_id):
                sighting.waits(now, one.agent_id, "nothing was heard for a minute")
            events += sighting.events
            if sighting.known != one:
                observed.save(ledger.connection, [sighting.known], now)
        bulk.append(ledger, events)
