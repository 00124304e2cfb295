"""Engine processes in the store: who is there, who is gone, and whose work is to be taken over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from data.domain.errors import RunLost
from data.store import tables as t
from data.store.rows import at

LEASE_MS = 8_000
"""A process that has not said for so long that it lives has lost its work, even if its connection still stands.

Longer than a busy machine or a failing-over database holds a process up; short enough that a frozen process costs
seconds. A process that cannot say so itself stops its agents after `GIVE_UP_MS`, so before anybody else begins.
"""
GIVE_UP_MS = 6_000

_ALIVE = t.workers.c.lost_at_ms.is_(None) & t.workers.c.ended_at_ms.is_(None)


class WorkerState(StrEnum):
    """Whether an engine process works."""

    ALIVE = "alive"
    SILENT = "silent"
    """It should have said by now that it lives; nobody has taken its work over yet."""
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True)
class Worker:
    """One engine process."""

    id: str
    host: str
    pid: int
    pages: bool
    """Whether it serves pages, too."""
    max_agents: int
    started_at: datetime
    beat_at: datetime
    """When it last said that it lives."""
    state: WorkerState
    silent_ms: int
    """How long ago that was, by the database's clock; 0 for one that is gone."""
    agents: int = 0
    """Agents it has at work."""


def now_ms(db: sa.Connection) -> int:
    """The database's clock, which all processes share."""
    if db.dialect.name == "sqlite":
        return int(db.exec_driver_sql("select (julianday('now') - 2440587.5) * 86400000").scalar_one())
    return int(db.exec_driver_sql("select extract(epoch from clock_timestamp()) * 1000").scalar_one())


def enlist(db: sa.Connection, worker_id: str, host: str, pid: int, *, pages: bool, max_agents: int) -> None:
    """A process is there from now on."""
    now = now_ms(db)
    row = {"id": worker_id, "host": host, "pid": pid, "pages": pages, "max_agents": max_agents}
    db.execute(sa.insert(t.workers).values(**row, started_at_ms=now, beat_at_ms=now))


def beat(db: sa.Connection, worker_id: str) -> bool:
    """Say that it lives; False if others have taken its work over."""
    where = (t.workers.c.id == worker_id) & _ALIVE
    return db.execute(sa.update(t.workers).where(where).values(beat_at_ms=now_ms(db))).rowcount == 1


def ended(db: sa.Connection, worker_id: str) -> None:
    """The process ends in good order; what it had is free for others."""
    where = (t.workers.c.id == worker_id) & _ALIVE
    if db.execute(sa.update(t.workers).where(where).values(ended_at_ms=now_ms(db))).rowcount:
        for run_id in _free_runs(db, worker_id):
            again = t.step_runs.c.spared + 1
            db.execute(sa.update(t.step_runs).where(t.step_runs.c.run_id == run_id).values(spared=again))


def lose(db: sa.Connection, worker_id: str) -> tuple[str, ...] | None:
    """Take away what a dead process had: the ids of its step runs; None if somebody else has done it."""
    where = (t.workers.c.id == worker_id) & _ALIVE
    if db.execute(sa.update(t.workers).where(where).values(lost_at_ms=now_ms(db))).rowcount == 0:
        return None
    return _free_runs(db, worker_id)


def _free_runs(db: sa.Connection, worker_id: str) -> tuple[str, ...]:
    c = t.step_runs.c
    mine = (c.owner == worker_id) & c.outcome.is_(None)
    runs = tuple(db.execute(sa.select(c.run_id).where(mine).order_by(c.run_id)).scalars())
    db.execute(sa.update(t.step_runs).where(mine).values(owner=None))
    return runs


def check(db: sa.Connection, worker_id: str) -> None:
    """Raise RunLost if the process has been taken for dead: nothing that it says counts any more."""
    gone = sa.select(t.workers.c.id).where(t.workers.c.id == worker_id, ~_ALIVE)
    if db.execute(gone).first() is not None:
        raise RunLost(f"The engine process {worker_id} was taken for dead, and others have its work.")


def on_host(db: sa.Connection, worker_ids: Iterable[str], host: str) -> list[int]:
    """Numbers of those processes that were on this machine; without one that a living process has by now."""
    c = t.workers.c
    living = sa.select(c.pid).where(_ALIVE, c.host == host)
    query = sa.select(c.pid).where(c.id.in_(list(worker_ids)), c.host == host, c.pid.notin_(living))
    return list(db.execute(query).scalars())


def living(db: sa.Connection) -> list[Worker]:
    """Processes that nobody has taken for dead, the oldest first."""
    return _listed(db, _ALIVE)


def listed(db: sa.Connection, limit: int = 50) -> list[Worker]:
    """Processes that are there or were, the newest first."""
    return _listed(db, sa.true())[::-1][:limit]


def _listed(db: sa.Connection, which: sa.ColumnElement[bool]) -> list[Worker]:
    now = now_ms(db)
    live = sa.select(t.step_runs.c.owner, sa.func.count().label("n")).join(
        t.agents, t.agents.c.id == t.step_runs.c.agent_id
    )
    live = live.where(t.step_runs.c.outcome.is_(None), t.agents.c.status.in_(("active", "waiting")))
    counted: dict[Any, int] = {row.owner: row.n for row in db.execute(live.group_by(t.step_runs.c.owner))}
    query = sa.select(t.workers).where(which).order_by(t.workers.c.started_at_ms, t.workers.c.id)
    return [_worker(row, now, counted.get(row["id"], 0)) for row in db.execute(query).mappings()]


def _worker(row: sa.RowMapping, now: int, agents: int) -> Worker:
    silent = max(now - row["beat_at_ms"], 0)
    if row["lost_at_ms"] is not None:
        state, silent = WorkerState.LOST, 0
    elif row["ended_at_ms"] is not None:
        state, silent = WorkerState.ENDED, 0
    else:
        state = WorkerState.SILENT if silent > LEASE_MS else WorkerState.ALIVE
    ids = (row["id"], row["host"], row["pid"], bool(row["pages"]), row["max_agents"])
    return Worker(*ids, at(row["started_at_ms"]), at(row["beat_at_ms"]), state, silent, agents)
