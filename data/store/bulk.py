"""Many events in one transaction: runs of light ones are written and folded together, a tenth of the work."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa
import zstandard

from data.domain import events as e
from data.domain.errors import AgentNotFound
from data.store import filing
from data.store import tables as t
from data.store.fold import update_of
from data.store.ledger import Ledger, Recorded
from data.store.light import Effect, effect
from data.store.rows import at, ms

Dated = tuple[e.Event, datetime]
MOST_ASKED = 500
"""Keys in one question: databases limit the parameters of a statement."""
_INSERT = sa.insert(t.events).returning(t.events.c.id, sort_by_parameter_order=True)
_BLOB = sa.insert(t.blobs)
_known_blobs = sa.select(t.blobs.c.id).where(t.blobs.c.id.in_(sa.bindparam("keys", expanding=True)))
_LONE = 3
"""Shorter runs are appended one by one."""


def append(ledger: Ledger, events: Iterable[Dated]) -> None:
    """Append in order; raises what Ledger.append raises, and then the transaction is of no more use."""
    for light, run in groupby(events, lambda one: effect(one[0], 0) is not None):
        found = list(run)
        if light and len(found) >= _LONE:
            _append_light(ledger, found)
        else:
            for event, when in found:
                ledger.append(event, when)


def _append_light(ledger: Ledger, events: Sequence[Dated]) -> None:
    rows = [
        {
            "at_ms": ms(when),
            "task_id": event.task_id,
            "agent_id": getattr(event, "agent_id", None),
            "kind": event.kind,
            "body": event.model_dump_json(exclude_defaults=True, exclude={"task_id", "agent_id"}),
        }
        for event, when in events
    ]
    ids = list(ledger.connection.execute(_INSERT, rows).scalars())
    _fold(ledger.connection, [(rev, event, ms(when)) for rev, (event, when) in zip(ids, events, strict=True)])
    ledger.appended += [
        Recorded(row_id, at(ms(when)), event) for row_id, (event, when) in zip(ids, events, strict=True)
    ]


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


def _fold(db: sa.Connection, events: Iterable[tuple[int, e.Event, int]]) -> None:
    agents: dict[str, _Row] = defaultdict(_Row)
    tasks: dict[str, _Row] = defaultdict(_Row)
    files: list[dict[str, object]] = []
    for rev, event, at_ms in events:
        does: Effect | None = effect(event, at_ms)
        assert does is not None
        if isinstance(event, e.FileTouched):
            files.append(filing.touched(event, at_ms))
        agents[getattr(event, "agent_id", "")].take(rev, does.values.items(), does.more.items())
        if does.task:
            tasks[event.task_id].take(rev, (), does.task_more.items())
    _change(db, t.agents, agents)
    _change(db, t.tasks, tasks)
    if files:
        db.execute(filing.TOUCHED, files)


def _change(db: sa.Connection, table: sa.Table, changed: dict[str, _Row]) -> None:
    """One statement for all rows of which the same columns change."""
    alike: dict[tuple[frozenset[str], frozenset[str]], list[dict[str, object]]] = defaultdict(list)
    for row_id, row in changed.items():
        given = {f"set_{name}": value for name, value in row.values.items()}
        given |= {f"add_{name}": value for name, value in row.more.items()}
        alike[frozenset(row.values), frozenset(row.more)].append(given | {"row_id": row_id})
    for (sets, adds), rows in alike.items():
        if db.execute(update_of(table, sets, adds), rows).rowcount != len(rows):
            raise AgentNotFound("One of these agents, or its task, is not in the store.")


def keep(ledger: Ledger, contents: Collection[bytes]) -> list[str]:
    """Store many contents, each once; their ids in order."""
    keys = [hashlib.sha256(content).hexdigest() for content in contents]
    wanted = dict(zip(keys, contents, strict=True))
    ids = list(wanted)
    for first in range(0, len(ids), MOST_ASKED):
        for key in ledger.connection.execute(_known_blobs, {"keys": ids[first : first + MOST_ASKED]}).scalars():
            del wanted[key]
    packer = zstandard.ZstdCompressor(level=3)
    rows = [{"id": key, "size": len(text), "content": packer.compress(text)} for key, text in wanted.items()]
    if rows:
        ledger.connection.execute(_BLOB, rows)
    return keys
