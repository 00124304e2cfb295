"""Replies that telemetry told of: counted by their request, until a transcript tells of the same request."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from data.domain import events as e
from data.store import gone
from data.store import tables as t
from data.store.rows import Row

PREFIX = "telemetry:"
"""Before the request's id: telemetry does not tell the id of a message."""
_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_SUMS = (*(f"tokens_{kind}" for kind in _KINDS), "cost_nanousd", "unpriced_messages")
_OF_REQUEST = sa.select(t.messages).where(t.messages.c.request_id == sa.bindparam("request"))
_COUNTED = sa.select(t.messages.c.request_id).where(
    t.messages.c.request_id.in_(sa.bindparam("requests", expanding=True))
)
_COPY = sa.select(t.messages).where(
    t.messages.c.message_id == sa.bindparam("message"), t.messages.c.request_id == sa.bindparam("request")
)
_GONE = sa.delete(t.messages).where(
    t.messages.c.message_id == sa.bindparam("message"), t.messages.c.request_id == sa.bindparam("request")
)


def message_id(request_id: str) -> str:
    """The name under which telemetry's copy of a reply is counted."""
    return f"{PREFIX}{request_id}"


def is_copy(event: e.MessageMetered) -> bool:
    """Whether telemetry told of the reply."""
    return event.message_id.startswith(PREFIX)


def counted(db: sa.Connection, requests: Sequence[str]) -> set[str]:
    """Those of the requests that were counted, whoever told of them."""
    return set(db.execute(_COUNTED, {"requests": requests}).scalars())


def is_counted(db: sa.Connection, event: e.MessageMetered) -> bool:
    """Whether this is telemetry's copy of a reply that was counted already, whoever told of it."""
    if not is_copy(event):
        return False
    return db.execute(_OF_REQUEST, {"request": event.request_id}).first() is not None


def give_way(db: sa.Connection, rev: int, event: e.MessageMetered) -> None:
    """Take telemetry's copy of the reply out of the sums: the transcript's own figures are counted instead."""
    if not event.request_id or is_copy(event):
        return
    ids = {"message": message_id(event.request_id), "request": event.request_id}
    known = db.execute(_COPY, ids).mappings().first()
    if known is None:
        return
    gone.note(db, rev, known)
    db.execute(_GONE, ids)
    for table, row_id in ((t.tasks, known["task_id"]), (t.agents, known["agent_id"])):
        less = {name: table.c[name] - _of(known, name) for name in _SUMS}
        db.execute(sa.update(table).where(table.c.id == row_id).values(rev=rev, **less))


def _of(known: Row, name: str) -> int:
    if name == "unpriced_messages":
        return int(known["cost_nanousd"] is None)
    return int(known[name] or 0)
