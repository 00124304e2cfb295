"""How a log folder that was read changes the rows of its agent, step and task: they stand as the log says."""

from __future__ import annotations

import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import LIVE, AgentStatus, Runtime
from data.domain.errors import AgentNotFound
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import tables as t
from data.store.rows import ms

_STEPS = {
    AgentStatus.COMPLETED: StepStatus.COMPLETED,
    AgentStatus.FAILED: StepStatus.FAILED,
    AgentStatus.CANCELLED: StepStatus.CANCELLED,
}


def fold(db: sa.Connection, rev: int, event: e.LogsImported) -> None:
    """A log may grow after it seemed to have ended, so what the table of moves forbids to live agents is right here."""
    agent = db.execute(sa.select(t.agents.c.step).where(t.agents.c.id == event.agent_id)).first()
    if agent is None:
        raise AgentNotFound(f"There is no agent {event.agent_id}.", agent_id=event.agent_id)
    times = {"started_at_ms": ms(event.began_at), "ended_at_ms": ms(event.ended_at)}
    bad = event.status is not AgentStatus.COMPLETED
    told = {"result": event.result, "error": event.why if bad else None, "log_dir": event.folder, "activity": ""}
    values: dict[str, object] = {"rev": rev, "status": event.status.value, "tool_since_ms": None, **times, **told}
    if event.model:
        values["model"] = event.model
    db.execute(sa.update(t.agents).where(t.agents.c.id == event.agent_id).values(**values))
    where = (t.steps.c.task_id == event.task_id) & (t.steps.c.key == agent.step)
    step = {"status": _STEPS[event.status].value, "why": event.why if bad else "", **times}
    db.execute(sa.update(t.steps).where(where).values(**step))
    _task(db, rev, event.task_id)


def _task(db: sa.Connection, rev: int, task_id: str) -> None:
    """A task whose agents come from log folders has ended as they have."""
    c = t.agents.c
    query = sa.select(c.status, c.error, c.name, c.result, c.started_at_ms, c.ended_at_ms).where(c.task_id == task_id)
    found = db.execute(query.order_by(c.started_at_ms)).all()
    if any(AgentStatus(agent.status) in LIVE for agent in found):
        db.execute(sa.update(t.tasks).where(t.tasks.c.id == task_id).values(rev=rev))  # one of its steps has moved
        return
    failed = [agent for agent in found if agent.status == AgentStatus.FAILED]
    status = TaskStatus.FAILED if failed else TaskStatus.COMPLETED
    error = f"{failed[0].name}: {failed[0].error}" if failed else None
    values = {
        "rev": rev,
        "status": status.value,
        "error": error,
        "result": None if failed else next((agent.result for agent in reversed(found) if agent.result), None),
        "started_at_ms": min(agent.started_at_ms for agent in found),
        "ended_at_ms": max(agent.ended_at_ms for agent in found),
    }
    where = (t.tasks.c.id == task_id) & (t.tasks.c.runtime == Runtime.IMPORTED.value)
    db.execute(sa.update(t.tasks).where(where).values(**values))
