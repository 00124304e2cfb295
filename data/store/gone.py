"""Replies that are no longer counted: their names, so that whoever copies the rows forward takes them out too."""

from __future__ import annotations

import sqlalchemy as sa

from data.store import tables as t
from data.store.rows import Row

_GONE = sa.insert(t.messages_gone)


def note(db: sa.Connection, rev: int, reply: Row) -> None:
    """Write down that the row of this name is deleted, or gets another name."""
    db.execute(_GONE, {"rev": rev, "message_id": reply["message_id"], "request_id": reply["request_id"]})
