"""Who waits for a free place, who has one, and in which order places are given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data.domain.fleet import Priority
from data.domain.tasks import TaskStatus
from data.store import tables as t
from data.store.ledger import StepRun, step_run

_WANTING = (TaskStatus.PENDING.value, TaskStatus.IN_PROGRESS.value, TaskStatus.WAITING.value)
RANK: sa.ColumnElement[int] = sa.case({p.value: p.rank for p in Priority}, value=t.tasks.c.priority)
ORDER = (RANK, t.tasks.c.created_at_ms, t.tasks.c.id)
"""The more urgent first, then the older."""


@dataclass(frozen=True, order=True)
class Standing:
    """Where a task stands in the order; sorts as places are given."""

    rank: int
    since_ms: int
    task_id: str
    user: str
    runtime: str
    run: int
    status: str

    @property
    def wants(self) -> bool:
        """Whether it wants to go on; not one that is paused or has ended."""
        return self.status in _WANTING

    @property
    def pending(self) -> bool:
        return self.status == TaskStatus.PENDING


_COLUMNS = (
    RANK.label("rank"),
    t.tasks.c.created_at_ms,
    t.tasks.c.id,
    t.tasks.c.created_by,
    t.tasks.c.runtime,
    t.tasks.c.run,
    t.tasks.c.status,
)


def _standings(db: sa.Connection, query: sa.Select[Any]) -> list[Standing]:
    rows: Sequence[Any] = db.execute(query).all()
    return [Standing(*row) for row in rows]


def standings(db: sa.Connection, task_ids: Iterable[str]) -> dict[str, Standing]:
    """Of these tasks, as far as they are there."""
    found = _standings(db, sa.select(*_COLUMNS).where(t.tasks.c.id.in_(list(task_ids))))
    return {standing.task_id: standing for standing in found}


def waiting(
    db: sa.Connection, runtimes: Collection[str], *, known: Collection[str], users: Collection[str], limit: int
) -> list[Standing]:
    """Tasks that want to begin or to go on, the first in order first; without those known and those of the users."""
    c = t.tasks.c
    query = sa.select(*_COLUMNS).where(c.status.in_(_WANTING), c.deleted_at_ms.is_(None), c.runtime.in_(list(runtimes)))
    query = query.where(c.id.notin_(list(known)), c.created_by.notin_(list(users)))
    return _standings(db, query.order_by(*ORDER).limit(limit))


def at_work(db: sa.Connection) -> dict[str, str]:
    """Step runs whose agent is alive, and the engine process that has each."""
    query = sa.select(t.step_runs.c.run_id, t.step_runs.c.owner).join(t.agents, t.agents.c.id == t.step_runs.c.agent_id)
    live = t.agents.c.status.in_(("active", "waiting"))
    rows = db.execute(query.where(t.step_runs.c.outcome.is_(None), t.step_runs.c.owner.is_not(None), live))
    return {row.run_id: row.owner for row in rows}


def left(db: sa.Connection, living: Collection[str]) -> list[StepRun]:
    """Open step runs with a session whose agent stands as at work, although no living process has them."""
    c = t.step_runs.c
    query = sa.select(t.step_runs).join(t.agents, t.agents.c.id == c.agent_id).order_by(c.run_id)
    nobodys = c.owner.is_(None) | c.owner.notin_(list(living))
    live = t.agents.c.status.in_(("active", "waiting"))
    rows = db.execute(query.where(c.outcome.is_(None), c.session_id.is_not(None), nobodys, live))
    return [step_run(row) for row in rows.mappings()]


def paid(db: sa.Connection, run_ids: Iterable[str]) -> set[str]:
    """Those of the step runs that have their outcome: they need no agent."""
    c = t.step_runs.c
    return set(db.execute(sa.select(c.run_id).where(c.run_id.in_(list(run_ids)), c.outcome.is_not(None))).scalars())
