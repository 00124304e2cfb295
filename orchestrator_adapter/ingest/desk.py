"""Writes down a batch of what was received: in one transaction, whatever it is of, and however many sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog

from data.domain import events as e
from data.domain.errors import StoreUnavailable
from data.store import Board, Store, bulk, observed
from data.store.observed import Session
from orchestrator_adapter.ingest import hooks, telemetry
from orchestrator_adapter.ingest.known import Known
from orchestrator_adapter.ingest.otlp import Record
from orchestrator_adapter.ingest.sightings import Sighting

Source = Literal["hooks", "logs", "metrics"]
SESSION_CHARS = 80
NAME_CHARS = 80
NO_SESSION = "(without a session)"
STALE = timedelta(minutes=10)
"""What a record says of its time is believed if it is no older than this, and not of the future."""

log = structlog.get_logger("intake")


@dataclass(frozen=True)
class Item:
    """One thing that was received: the body of a hook, or a record of telemetry."""

    source: Source
    name: str
    session: str
    """Empty: it is of no session, and only counted."""
    body: Mapping[str, Any] | Record
    mark: str = ""
    """Of the request that brought it, if its sender may send that again."""


def hook(body: Mapping[str, Any]) -> Item:
    name = hooks.text(body, "hook_event_name")[:NAME_CHARS] or "nameless"
    return Item("hooks", name, hooks.text(body, "session_id")[:SESSION_CHARS], body)


def record(source: Literal["logs", "metrics"], one: Record, mark: str = "") -> Item:
    session = telemetry.session_of(one) or ""
    return Item(source, telemetry.name_of(one)[:NAME_CHARS] or "nameless", session[:SESSION_CHARS], one, mark)


def transcripts(items: Iterable[Item]) -> dict[str, str]:
    """The sessions that hooks told of, each with the file that it names."""
    return {
        item.session: hooks.text(item.body, "transcript_path")
        for item in items
        if item.session and not isinstance(item.body, Record)
    }


def write_all(store: Store, items: Sequence[Item], known: Known | None = None) -> None:
    """Write the items in order, all or nothing; raises StoreUnavailable.

    One that cannot be folded must not keep the others out: it is looked for by halves, and counted.
    """
    known = known or Known()
    try:
        _write(store, items, known)
    except StoreUnavailable:
        known.forget()
        raise
    except Exception as error:  # whatever a foreign program sent, the rest of the batch has to be kept
        known.forget()
        if len(items) > 1:
            _write_halves(store, items)
            return
        log.error("received and not understood", source=items[0].source, name=items[0].name, exc_info=error)
        with store.write(durable=True) as ledger:
            observed.count(ledger.connection, Counter({(items[0].source, "(not understood)"): 1}), ledger.now())


def _write_halves(store: Store, items: Sequence[Item]) -> None:
    """Each half by itself; a request that lies in both is known as written only once the second is."""
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        write_all(store, [replace(item, mark="") for item in half])
    with store.write(durable=True) as ledger:
        observed.note_requests(ledger.connection, {item.mark for item in items if item.mark}, ledger.now())


@dataclass(frozen=True)
class _Draft:
    """What a batch will be in the store, as far as it holds while nobody else writes about the same sessions."""

    clock: int
    events: list[bulk.Ready]
    blobs: list[bulk.Blob]
    before: Mapping[str, Session]
    seen: Mapping[str, Sighting]
    marks: set[str]
    counted: Counter[tuple[str, str]]


def _write(store: Store, items: Sequence[Item], known: Known) -> None:
    """Most of the work is done before the transaction: while that is open, everybody else waits."""
    with store.read() as board:
        draft = _draft(board, items, store.now(), known)
    with store.write(durable=True) as ledger:
        db, now = ledger.connection, ledger.now()
        moved = known.foreign(ledger, [one.task_id for one in draft.before.values()], draft.clock)
        if not observed.note_requests(db, draft.marks, now) or moved:
            draft = _draft(Board(db), items, now, known)
            observed.note_requests(db, draft.marks, now)
        bulk.keep(ledger, draft.blobs)
        bulk.append(ledger, draft.events)
        for one in draft.before.values():
            if one.ours and not one.deleted and one.task_status is not None:
                # an agent of ours turned out to have the session: what was shown beside it goes
                ledger.append(e.TaskDeleted(task_id=one.task_id, by="engine"))
        unsaved = known.unsaved(draft.before, [sighting.known for sighting in draft.seen.values()], now)
        observed.save(db, unsaved, now)
        observed.count(db, draft.counted, now)
        clock = Board(db).clock()
    known.keep([sighting.left for sighting in draft.seen.values()], {one.id for one in unsaved}, clock, now)


def _draft(board: Board, items: Sequence[Item], now: datetime, known: Known) -> _Draft:
    db, clock = board.connection, board.clock()
    marks = {item.mark for item in items if item.mark}
    known_marks = observed.repeated(db, marks)
    fresh = [item for item in items if item.mark not in known_marks]
    contents: dict[str, bytes] = {}
    before = known.find(board, {item.session for item in fresh if item.session})
    seen = {one.id: Sighting(one, contents) for one in before.values()}
    order: list[tuple[Sighting, int]] = []
    for item in fresh:
        if item.session and not (before[item.session].ours or before[item.session].deleted):
            _tell(seen[item.session], item, now)
            order.append((seen[item.session], len(seen[item.session].events)))
    for sighting in seen.values():
        sighting.settle()
        order.append((sighting, len(sighting.events)))
    return _Draft(
        clock,
        [bulk.ready(event, at) for event, at in _in_order(order)],
        bulk.packed(db, contents),
        before,
        seen,
        marks - known_marks,
        Counter((item.source, item.name if item.session else NO_SESSION) for item in fresh),
    )


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
