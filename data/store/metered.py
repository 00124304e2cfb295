"""A reply of a model in the rows: the row of its own, and what it adds to its agent and its task."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from data.domain import events as e
from data.store import tables as t
from data.store.light import Effect
from data.store.rows import token_columns

_AT_ONCE = 500


def row(event: e.MessageMetered, rev: int, at_ms: int, *, simulated: bool) -> dict[str, object]:
    """The reply as it is counted for the first time."""
    keys = {"message_id": event.message_id, "request_id": event.request_id, "task_id": event.task_id}
    rest = {"agent_id": event.agent_id, "at_ms": at_ms, "simulated": simulated, "subagent": event.subagent}
    return {**keys, **rest, **figures(event, rev)}


def figures(event: e.MessageMetered, rev: int) -> dict[str, object]:
    """What a larger copy of the reply changes in its row."""
    return {**token_columns(event.tokens), "cost_nanousd": event.cost_nanousd, "model": event.model, "rev": rev}


def effect(event: e.MessageMetered) -> Effect:
    """What the reply does to its agent and its task when no copy of it was counted before."""
    sums = {
        **token_columns(event.tokens),
        "cost_nanousd": event.cost_nanousd or 0,
        "unpriced_messages": int(event.cost_nanousd is None),
    }
    return Effect({"retry_at_ms": None, **gauge(event)}, sums, True, sums)


def gauge(event: e.MessageMetered) -> dict[str, object]:
    """How full the context of its agent is now; a sub-agent's reply, or a sum of many, says nothing of that."""
    if event.subagent or event.summed:
        return {}
    used: dict[str, object] = {"context_used": event.tokens.prompt + event.tokens.output}
    return used | ({"context_window": event.context_window} if event.context_window else {})


def elsewhere(db: sa.Connection, agent_id: str, message_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Message and request of those replies that are counted for another agent, as of the same session."""
    m = t.messages.c
    out: set[tuple[str, str]] = set()
    for start in range(0, len(message_ids), _AT_ONCE):
        some = message_ids[start : start + _AT_ONCE]
        query = sa.select(m.message_id, m.request_id).where(m.message_id.in_(some), m.agent_id != agent_id)
        out |= {(row.message_id, row.request_id) for row in db.execute(query)}
    return out


def grown(total_nanousd: int, last_nanousd: int | None) -> int:
    """What a running total grew by; a smaller total means that its counter restarted."""
    last = last_nanousd or 0
    return total_nanousd - last if total_nanousd >= last else total_nanousd
