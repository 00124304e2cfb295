"""Past tasks as estimates learn from them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from data.domain.agents import Runtime
from data.domain.assignment import AssignedBy
from data.domain.experience import Past, Wish
from data.domain.money import TokenKind
from data.domain.what_if import Reply
from data.store import tables as t
from data.store.look import Look
from data.store.rows import at, tokens

MOST = 2_000
"""The newest tasks from which anything is learned."""
_ENDS = ("completed", "failed")
_CHANGES = ("task_moved", "task_deleted")
"""Kinds of events that make a task one to learn from, or none any more."""
_TOLD = ("id", "task_type", "complexity", "analyst_included", "ai_planner", "runtime", "model", "working_directory")
_COLUMNS = [t.tasks.c[name] for name in (*_TOLD, "created_at_ms", "started_at_ms", "ended_at_ms", "cost_nanousd")]


class Experiences(Look):
    """What ended here, and what it took."""

    def past_clock(self) -> int:
        """The last event after which other tasks may be learned from; two looks by two indexes."""
        c = t.events.c
        newest = [sa.select(sa.func.max(c.id)).where(c.kind == kind).scalar_subquery() for kind in _CHANGES]
        return max(found or 0 for found in self.connection.execute(sa.select(*newest)).one())

    def past_tasks(self, *, simulated: bool, most: int = MOST) -> list[Past]:
        """The newest tasks that completed or failed here, real or simulated ones, with what each step cost.

        Not those that a person stopped, that were deleted, that paid for no reply, or of which a reply has no known
        price; nor single agents, or what another program ran.
        """
        ended = _ended(simulated, most)
        c, steps = t.tasks.c, self._step_costs(ended)
        query = sa.select(*_COLUMNS).where(c.id.in_(sa.select(ended.c.id))).order_by(c.ended_at_ms, c.id)
        return [
            Past(
                _wish(row),
                row["created_at_ms"],
                row["ended_at_ms"],
                row["cost_nanousd"],
                row["ended_at_ms"] - row["started_at_ms"],
                tuple(steps.get(row["id"], ())),
            )
            for row in self.connection.execute(query).mappings()
        ]

    def paid_replies(self, *, task_id: str | None = None, agent_id: str | None = None) -> list[Reply]:
        """Every reply of a task, or of one agent, as it was counted, the oldest first."""
        c = t.messages.c
        where = c.agent_id == agent_id if task_id is None else c.task_id == task_id
        columns = (c.model, c.at_ms, *(c[f"tokens_{kind}"] for kind in TokenKind), c.web_searches, c.cost_nanousd)
        query = sa.select(*columns).where(where).order_by(c.at_ms, c.message_id, c.request_id)
        return [
            Reply(row["model"], at(row["at_ms"]), tokens(row), row["web_searches"], row["cost_nanousd"])
            for row in self.connection.execute(query).mappings()
        ]

    def _step_costs(self, ended: sa.Subquery) -> dict[str, list[tuple[str, int]]]:
        """By task: role and cost of each step, every agent of it together."""
        c, out = t.agents.c, dict[str, list[tuple[str, int]]]()
        query = sa.select(c.task_id, c.role, sa.func.sum(c.cost_nanousd)).where(c.task_id.in_(sa.select(ended.c.id)))
        query = query.group_by(c.task_id, c.step, c.role).order_by(c.task_id, c.step, c.role)
        for task_id, role, cost in self.connection.execute(query):
            out.setdefault(task_id, []).append((role, int(cost)))
        return out


def _ended(simulated: bool, most: int) -> sa.Subquery:
    c = t.tasks.c
    here = (c.runtime != Runtime.IMPORTED.value) & (c.analyst_by != AssignedBy.NOBODY.value)
    known = (c.cost_nanousd > 0) & (c.unpriced_messages == 0) & c.started_at_ms.is_not(None)
    query = sa.select(c.id).where(c.status.in_(_ENDS), c.simulated.is_(simulated), here, known)
    query = query.where(c.deleted_at_ms.is_(None)).order_by(c.created_at_ms.desc(), c.id.desc())
    return query.limit(most).subquery()


def _wish(row: Any) -> Wish:
    """A planner agent decides about the ANALYST only later, so with one that is not known before."""
    return Wish(
        task_type=row["task_type"],
        complexity=row["complexity"],
        analyst=row["analyst_included"] and not row["ai_planner"],
        runtime=row["runtime"],
        model=row["model"],
        folder=row["working_directory"],
        ai_planner=row["ai_planner"],
    )
