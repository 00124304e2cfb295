"""Messages of people to agents at work: which have not reached their agent yet."""

from __future__ import annotations

import json

import sqlalchemy as sa

from data.store import tables as t


def unheard(db: sa.Connection, agent_id: str) -> list[tuple[int, str]]:
    """Event id and words of each message that the agent has not heard, the oldest first."""
    c = t.events.c
    query = sa.select(c.id, c.kind, c.body).where(c.agent_id == agent_id, c.kind.in_(["agent_told", "agent_heard"]))
    told: dict[int, str] = {}
    for event_id, kind, body in db.execute(query.order_by(c.id)):
        if kind == "agent_told":
            told[int(event_id)] = str(json.loads(body)["words"])
        else:
            told.pop(int(json.loads(body)["told"]), None)
    return list(told.items())
