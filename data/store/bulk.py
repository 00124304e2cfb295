"""Many events in one transaction: runs of light ones are written and folded together, a tenth of the work."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
import zstandard

from data.domain import events as e
from data.domain.errors import AgentNotFound
from data.store import at_once, filing, metered, telemetry
from data.store import tables as t
from data.store.ledger import Ledger, Recorded
from data.store.light import Effect, effect
from data.store.rows import at, ms

Dated = tuple[e.Event, datetime]
Blob = dict[str, object]
"""Content as it is stored: its id, its size, and itself, packed."""
MOST_ASKED = 500
"""Keys in one question: databases limit the parameters of a statement."""
_LAST = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
_NEXT = sa.text("SELECT nextval(pg_get_serial_sequence('events', 'id')) FROM generate_series(1, :number)")
_known_blobs = sa.select(t.blobs.c.id).where(t.blobs.c.id.in_(sa.bindparam("keys", expanding=True)))
_agents = sa.select(t.agents.c.id, t.agents.c.simulated, t.agents.c.reported_last_nanousd).where(
    t.agents.c.id.in_(sa.bindparam("keys", expanding=True))
)
_LONE = 3
"""Shorter runs are appended one by one."""


@dataclass(frozen=True)
class Ready:
    """An event with all of its work done that needs no database."""

    event: e.Event
    at_ms: int
    row: Mapping[str, object]
    effect: Effect | None
    """None: it has to be folded by itself."""


def ready(event: e.Event, when: datetime) -> Ready:
    """For `append`; do it before the transaction, for which everybody else waits."""
    at_ms = ms(when)
    row = {
        "at_ms": at_ms,
        "task_id": event.task_id,
        "agent_id": getattr(event, "agent_id", None),
        "kind": event.kind,
        "body": event.model_dump_json(exclude_defaults=True, exclude={"task_id", "agent_id"}),
    }
    return Ready(event, at_ms, row, _effect(event, at_ms))


def _effect(event: e.Event, at_ms: int) -> Effect | None:
    match event:
        case e.MessageMetered() if telemetry.is_copy(event):
            return metered.effect(event)
        case e.TotalReported():
            return Effect(task=True)  # what it grew by depends on the row
        case _:
            return effect(event, at_ms)


def append(ledger: Ledger, events: Iterable[Ready]) -> None:
    """Append in order; raises what Ledger.append raises, and then the transaction is of no more use."""
    for light, run in groupby(events, lambda one: one.effect is not None):
        found = list(run)
        if light and len(found) >= _LONE:
            _append_light(ledger, found)
        else:
            for one in found:
                ledger.append(one.event, at(one.at_ms))


def _append_light(ledger: Ledger, found: Sequence[Ready]) -> None:
    db = ledger.connection
    events = _news(db, found)
    if not events:
        return
    ids = _ids(db, len(events))
    at_once.insert(db, t.events, [{"id": row_id, **one.row} for row_id, one in zip(ids, events, strict=True)])
    _fold(db, list(zip(ids, events, strict=True)))
    ledger.appended += [Recorded(row_id, at(one.at_ms), one.event) for row_id, one in zip(ids, events, strict=True)]


def _ids(db: sa.Connection, number: int) -> list[int]:
    """The next ids: one statement for all rows needs them beforehand, and nobody else appends in this moment."""
    if db.dialect.name == "sqlite":
        last = db.execute(_LAST).scalar() or 0
        return list(range(last + 1, last + 1 + number))
    return sorted(db.execute(_NEXT, {"number": number}).scalars())


def _news(db: sa.Connection, found: Sequence[Ready]) -> list[Ready]:
    """Without telemetry's copies of replies that are counted already."""
    requests = [one.event.request_id for one in found if isinstance(one.event, e.MessageMetered)]
    if not requests:
        return list(found)
    counted: set[str] = set()
    for keys in _some(list(dict.fromkeys(requests))):
        counted |= telemetry.counted(db, keys)
    out = []
    for one in found:
        if isinstance(one.event, e.MessageMetered):
            if one.event.request_id in counted:
                continue
            counted.add(one.event.request_id)
        out.append(one)
    return out


class _Row:
    """What becomes of one row: the last value of each column, and the sums."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.more: dict[str, int] = defaultdict(int)

    def take(self, rev: int, values: Iterable[tuple[str, object]], more: Iterable[tuple[str, int]]) -> None:
        self.values |= dict(values)
        self.values["rev"] = rev
        for name, number in more:
            self.more[name] += number


def _fold(db: sa.Connection, events: Sequence[tuple[int, Ready]]) -> None:
    agents: dict[str, _Row] = defaultdict(_Row)
    tasks: dict[str, _Row] = defaultdict(_Row)
    files: list[dict[str, object]] = []
    replies: list[dict[str, object]] = []
    known = _money(db, [one.event for _, one in events])
    for rev, one in events:
        event, does = one.event, one.effect
        assert does is not None
        if isinstance(event, e.FileTouched):
            files.append(filing.touched(event, one.at_ms))
        elif isinstance(event, e.MessageMetered):
            replies.append(metered.row(event, rev, one.at_ms, simulated=known[event.agent_id].simulated))
        elif isinstance(event, e.TotalReported):
            does = known[event.agent_id].report(event.total_nanousd)
        agents[getattr(event, "agent_id", "")].take(rev, does.values.items(), does.more.items())
        if does.task:
            tasks[event.task_id].take(rev, (), does.task_more.items())
    _change(db, t.agents, agents)
    _change(db, t.tasks, tasks)
    filing.touch(db, files)
    at_once.insert(db, t.messages, replies)


class _Purse:
    """What an agent's row says that money depends on."""

    def __init__(self, row: Any) -> None:
        self.simulated = bool(row.simulated)
        self._last: int | None = row.reported_last_nanousd

    def report(self, total_nanousd: int) -> Effect:
        more = {"reported_nanousd": metered.grown(total_nanousd, self._last)}
        self._last = total_nanousd
        return Effect({"reported_last_nanousd": total_nanousd}, more, True, more)


def _money(db: sa.Connection, events: Iterable[e.Event]) -> dict[str, _Purse]:
    """The agents whose money these events tell of; raises AgentNotFound."""
    wanted = dict.fromkeys(one.agent_id for one in events if isinstance(one, e.MessageMetered | e.TotalReported))
    found: dict[str, _Purse] = {}
    for keys in _some(list(wanted)):
        found |= {row.id: _Purse(row) for row in db.execute(_agents, {"keys": keys})}
    if lost := wanted.keys() - found.keys():
        raise AgentNotFound(f"There is no agent {min(lost)}.", agent_id=min(lost))
    return found


def _change(db: sa.Connection, table: sa.Table, changed: Mapping[str, _Row]) -> None:
    """One statement for all rows of which the same columns change."""
    alike: dict[tuple[frozenset[str], frozenset[str]], list[dict[str, object]]] = defaultdict(list)
    for row_id, row in changed.items():
        given = {f"set_{name}": value for name, value in row.values.items()}
        given |= {f"add_{name}": value for name, value in row.more.items()}
        alike[frozenset(row.values), frozenset(row.more)].append(given | {"row_id": row_id})
    for (sets, adds), rows in alike.items():
        if at_once.change(db, table, sets, adds, rows) != len(rows):
            raise AgentNotFound("One of these agents, or its task, is not in the store.")


def _some(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[first : first + MOST_ASKED] for first in range(0, len(keys), MOST_ASKED))


def packed(db: sa.Connection, contents: Mapping[str, bytes]) -> list[Blob]:
    """Those of the contents that are not in the store, by their ids, as `keep` writes them."""
    known: set[str] = set()
    for keys in _some(list(contents)):
        known.update(db.execute(_known_blobs, {"keys": keys}).scalars())
    packer = zstandard.ZstdCompressor(level=3)
    return [
        {"id": key, "size": len(text), "content": packer.compress(text)}
        for key, text in contents.items()
        if key not in known
    ]


def keep(ledger: Ledger, blobs: Collection[Blob]) -> None:
    """Write contents; those that were written meanwhile stay."""
    at_once.add(ledger.connection, t.blobs, list(blobs))


def key_of(content: bytes) -> str:
    """Under which a content is kept."""
    return hashlib.sha256(content).hexdigest()
