"""The reads about agents' logs: what an agent did, and what was read of a log folder."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from data.domain.events import LogsImported
from data.store import tables as t
from data.store.ledger import Recorded
from data.store.look import Look, recorded

ACTIONS = (
    *("tool_called", "tool_returned", "tool_refused", "file_touched", "said", "retry_scheduled", "step_retried"),
    *("diagnostic", "subagent_moved", "agent_moved", "logs_imported", "session_started", "agent_told"),
    *("step_continued", "approval_asked", "approval_answered"),
)
"""Kinds of events that a timeline shows."""
MOST = 100_000
NEAR_END = 400
"""So many of the last happenings tell why an agent ended."""


@dataclass(frozen=True)
class Known:
    """How far a log folder was read."""

    clock: int
    read: LogsImported


@dataclass(frozen=True)
class Standing:
    """What is here of a task and an agent whose log somebody wants to import."""

    task: str | None
    """The runtime of its task; None if there is none."""
    agent: str | None
    """Its own runtime; None if it is not here."""
    deleted: bool
    """Whether a person deleted one of them."""


class LogReads(Look):
    """What the log of an agent says."""

    def log_actions(self, agent_id: str, last: int = MOST) -> list[Recorded]:
        """What the agent did, the oldest first; of a log that is longer the end."""
        c = t.events.c
        query = sa.select(t.events).where(c.agent_id == agent_id, c.kind.in_(ACTIONS)).order_by(c.id.desc()).limit(last)
        return [recorded(row) for row in self.connection.execute(query).mappings()][::-1]

    def log_last(self, agent_id: str) -> int:
        """The number of the last event of an agent."""
        query = sa.select(sa.func.max(t.events.c.id)).where(t.events.c.agent_id == agent_id)
        return int(self.connection.execute(query).scalar() or 0)

    def log_known(self, agent_id: str) -> Known | None:
        """How far the log folder of this agent was read; None if it never was."""
        c = t.events.c
        query = sa.select(t.events).where(c.agent_id == agent_id, c.kind == "logs_imported").order_by(c.id.desc())
        row = self.connection.execute(query.limit(1)).mappings().first()
        if row is None:
            return None
        found = recorded(row)
        assert isinstance(found.event, LogsImported)
        return Known(found.id, found.event)

    def log_standing(self, task_id: str, agent_id: str) -> Standing:
        """What is here of a task and an agent, deleted ones included."""
        task, agent = t.tasks.c, t.agents.c
        of_task = sa.select(task.runtime, task.deleted_at_ms).where(task.id == task_id)
        of_agent = sa.select(agent.runtime, agent.status).where(agent.id == agent_id)
        a_task, an_agent = self.connection.execute(of_task).first(), self.connection.execute(of_agent).first()
        return Standing(
            a_task.runtime if a_task else None,
            an_agent.runtime if an_agent else None,
            deleted=bool((a_task and a_task.deleted_at_ms) or (an_agent and an_agent.status == "deleted")),
        )
