"""The base of the board: one open look at the store, which each noun extends in a file of its own."""

from __future__ import annotations

import json

import sqlalchemy as sa

from data.domain.events import AnyEvent
from data.store import rows
from data.store.known import Known
from data.store.ledger import Recorded


def recorded(row: rows.Row) -> Recorded:
    """One line of the log as a value."""
    body = json.loads(row["body"]) | {"kind": row["kind"], "task_id": row["task_id"]}
    if row["agent_id"] is not None:
        body["agent_id"] = row["agent_id"]
    return Recorded(row["id"], rows.at(row["at_ms"]), AnyEvent.validate_python(body))


class Look:
    """Reads by one connection; everything it answers is of the same moment."""

    def __init__(self, connection: sa.Connection, known: Known | None = None) -> None:
        """`known`: what was read before; only for looks at what is committed."""
        self.connection = connection
        self.known = known or Known()
