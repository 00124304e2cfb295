"""Reads for the story of a task: where its events lie, the few by which lives are told, and who works for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from data.domain.agents import Role, Runtime
from data.domain.events import MessageMetered
from data.store import tables as t
from data.store.ledger import Recorded
from data.store.look import Look, recorded
from data.store.rows import at, maybe_at, ms, tokens


@dataclass(frozen=True)
class Crew:
    """The agents of a task in numbers; deleted ones are none of them."""

    agents: int = 0
    live: int = 0
    ended_nanousd: int = 0
    """What those that have ended had cost."""
    ended_tokens: int = 0


@dataclass(frozen=True)
class StepTimes:
    """When a step of a task ran."""

    key: str
    why: str
    started_at: datetime | None
    ended_at: datetime | None


_LIVE = ("idle", "active", "waiting")
_TOKENS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


class Stories(Look):
    """What is asked about a task as a story."""

    def story_events(self, ids: Sequence[int]) -> list[Recorded]:
        """These events, oldest first."""
        query = sa.select(t.events).where(t.events.c.id.in_(ids)).order_by(t.events.c.id)
        return [recorded(row) for row in self.connection.execute(query).mappings()]

    def story_of_kinds(
        self, kinds: Iterable[str], task_id: str | None = None, agent_id: str | None = None, after: int = 0
    ) -> list[Recorded]:
        """Events of these kinds of a task, or of one agent, oldest first."""
        c = t.events.c
        query = sa.select(t.events).where(c.kind.in_(list(kinds)), c.id > after).order_by(c.id)
        query = query.where(c.task_id == task_id) if agent_id is None else query.where(c.agent_id == agent_id)
        return [recorded(row) for row in self.connection.execute(query).mappings()]

    def story_states(self, task_id: str) -> tuple[tuple[str, str], ...]:
        """Id and status of a task and of all its agents, deleted ones included."""
        of_task = sa.select(t.tasks.c.id, t.tasks.c.status).where(t.tasks.c.id == task_id)
        of_agents = sa.select(t.agents.c.id, t.agents.c.status).where(t.agents.c.task_id == task_id)
        return tuple(sorted((row.id, row.status) for row in self.connection.execute(of_task.union_all(of_agents))))

    def story_replies(self, task_id: str) -> list[tuple[datetime, MessageMetered]]:
        """The replies that were counted for a session that was read in, oldest first: no event tells of each."""
        c = t.messages.c
        query = sa.select(t.messages).where(c.task_id == task_id).order_by(c.at_ms, c.message_id, c.request_id)
        return [
            (
                at(row["at_ms"]),
                MessageMetered(
                    **{name: row[name] for name in ("task_id", "agent_id", "message_id", "request_id", "model")},
                    tokens=tokens(row),
                    cost_nanousd=row["cost_nanousd"],
                    subagent=row["subagent"],
                ),
            )
            for row in self.connection.execute(query).mappings()
        ]

    def step_times_of(self, task_ids: Sequence[str]) -> dict[str, list[StepTimes]]:
        """By task: when its steps ran, in their order."""
        c, out = t.steps.c, dict[str, list[StepTimes]]()
        columns = (c.task_id, c.key, c.why, c.started_at_ms, c.ended_at_ms)
        query = sa.select(*columns).where(c.task_id.in_(list(task_ids))).order_by(c.position)
        for task_id, key, why, started_ms, ended_ms in self.connection.execute(query):
            out.setdefault(task_id, []).append(StepTimes(key, why, maybe_at(started_ms), maybe_at(ended_ms)))
        return out

    def analyst_costs(self, task_ids: Sequence[str]) -> dict[str, int]:
        """By task: nano-dollars of its ANALYST, deleted ones too; tasks without one are missing."""
        c = t.agents.c
        query = sa.select(c.task_id, sa.func.sum(c.cost_nanousd)).group_by(c.task_id)
        query = query.where(c.task_id.in_(list(task_ids)), c.role == Role.ANALYST.value)
        return {task_id: int(cost) for task_id, cost in self.connection.execute(query)}

    def analyst_spent(self, since: datetime) -> int:
        """Nano-dollars of the ANALYSTs of tasks of this fleet that were created after a time; no simulated ones."""
        c, task = t.agents.c, t.tasks.c
        query = sa.select(sa.func.coalesce(sa.func.sum(c.cost_nanousd), 0)).join_from(
            t.agents, t.tasks, c.task_id == task.id
        )
        query = query.where(c.role == Role.ANALYST.value, c.simulated.is_(False), task.created_at_ms >= ms(since))
        query = query.where(task.deleted_at_ms.is_(None), task.runtime != Runtime.IMPORTED.value)
        return int(self.connection.execute(query).scalar_one())

    def crews(self, task_ids: Sequence[str]) -> dict[str, Crew]:
        """By task: how many agents it has and had; tasks without any are missing."""
        c = t.agents.c
        live = c.status.in_(_LIVE)
        tokens: sa.ColumnElement[int] = sa.literal(0)
        for kind in _TOKENS:
            tokens = tokens + c[f"tokens_{kind}"]
        query = sa.select(
            c.task_id,
            sa.func.count(),
            sa.func.count().filter(live),
            sa.func.coalesce(sa.func.sum(c.cost_nanousd).filter(~live), 0),
            sa.func.coalesce(sa.func.sum(tokens).filter(~live), 0),
        ).where(c.task_id.in_(list(task_ids)), c.status != "deleted")
        found = self.connection.execute(query.group_by(c.task_id))
        return {task_id: Crew(*(int(number) for number in numbers)) for task_id, *numbers in found}
