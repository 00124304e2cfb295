"""What people told agents: which of it has not reached a session yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from data.domain import events as e
from data.store import tables as t
from data.store.look import recorded


@dataclass(frozen=True)
class Told:
    """A message on its way to an agent; its id is that of the event that told it."""

    id: int
    words: str
    by: str


def unheard(db: sa.Connection, agent_ids: Collection[str]) -> list[Told]:
    """Messages to any of these agents that none of them has in its session, in the order they were sent."""
    c = t.events.c
    query = sa.select(t.events).where(c.agent_id.in_(agent_ids), c.kind.in_(("agent_told", "agent_heard")))
    found = [recorded(row) for row in db.execute(query.order_by(c.id)).mappings()]
    heard = max((entry.event.told for entry in found if isinstance(entry.event, e.AgentHeard)), default=0)
    return [
        Told(entry.id, entry.event.words, entry.event.by)
        for entry in found
        if isinstance(entry.event, e.AgentTold) and entry.id > heard
    ]
