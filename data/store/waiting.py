"""The queue in the store: what waits for a place, in the order in which places are given, and why it waits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.approvals import ApprovalStatus
from data.domain.fleet import Priority
from data.domain.tasks import TaskStatus
from data.domain.waiting import Queue, Reason, Room, Share, Waiting
from data.domain.workflows import StepStatus
from data.store import places, settings
from data.store import tables as t
from data.store.rows import at

MOST_HELD = 200
"""Paused tasks and questions that are shown beside the queue."""
MOST_WORDS = 300
"""Characters of a description: it is shown as a title."""
_OURS = [Runtime.CLAUDE.value, Runtime.DEMO.value, Runtime.SCRIPTED.value]
_BEGUN = [TaskStatus.IN_PROGRESS.value, TaskStatus.WAITING.value]
_AT_WORK = [AgentStatus.ACTIVE.value, AgentStatus.WAITING.value]
_Row = Any
_Step = tuple[str | None, Role | None, int]
"""A step that could start, its role, and since when."""
_c = t.tasks.c
_LEFT = t.step_runs.c.run_id.is_not(None) & t.step_runs.c.outcome.is_(None) & t.step_runs.c.owner.is_(None)
"""The engine process that had the step is gone, and nobody has it yet."""
_TASK = (
    _c.id,
    sa.func.substr(_c.description, 1, MOST_WORDS).label("description"),
    _c.priority,
    _c.created_by,
    _c.runtime,
    _c.created_at_ms,
    _c.started_at_ms,
    _c.status,
    _c.run,
)


def queue(db: sa.Connection) -> Queue:
    """Everything that waits; the first gets the next free place."""
    found = [*_tasks(db, [TaskStatus.PENDING.value, *_BEGUN])]
    ready = _ready_steps(db, found)
    room = _room(db)
    waiting: list[Waiting] = []
    for task in found:
        for step, role, since_ms in ready.get(task.id, []) if task.status != TaskStatus.PENDING else _whole(task):
            reason, words = room.verdict(task.created_by)
            position = len(waiting) + 1
            waiting.append(_waiting(task, step, role, since_ms, reason, words, position))
    users = {one.user for one in waiting} | room.users.keys()
    return Queue(
        tuple(waiting),
        (*_asking(db), *_paused(db)),
        room.in_all,
        tuple(room.machines),
        tuple(Share(user, room.users[user], room.limits.per_user) for user in sorted(users)),
    )


def _tasks(db: sa.Connection, states: Iterable[str]) -> list[_Row]:
    """Tasks in these states, in the order in which places are given: the more urgent first, then the older."""
    query = sa.select(*_TASK).where(_c.status.in_(list(states)), _c.deleted_at_ms.is_(None), _c.runtime.in_(_OURS))
    return list(db.execute(query.order_by(*places.ORDER)))


def _whole(task: _Row) -> list[_Step]:
    return [(None, None, task.created_at_ms)]


def _waiting(
    task: _Row,
    step: str | None,
    role: Role | None,
    since_ms: int,
    reason: Reason,
    words: str,
    position: int | None = None,
) -> Waiting:
    return Waiting(
        task_id=task.id,
        description=task.description,
        step=step,
        role=role,
        priority=Priority(task.priority),
        user=task.created_by,
        runtime=Runtime(task.runtime),
        since=at(since_ms),
        reason=reason,
        words=words,
        position=position,
    )


def _ready_steps(db: sa.Connection, tasks: Iterable[_Row]) -> dict[str, list[_Step]]:
    """For each task that has begun, the steps that could start now, and since when."""
    begun = {task.id: task for task in tasks if task.status != TaskStatus.PENDING}
    if not begun:
        return {}
    c = t.steps.c
    run_id = c.task_id + "/" + c.key + "/" + sa.cast(c.generation, sa.String)
    join = t.steps.join(t.tasks, _c.id == c.task_id).outerjoin(t.step_runs, t.step_runs.c.run_id == run_id)
    query = sa.select(c.task_id, c.key, c.role, c.depends_on, c.status, c.ended_at_ms, _LEFT.label("left"))
    query = query.select_from(join)
    query = query.where(_c.status.in_(_BEGUN), _c.deleted_at_ms.is_(None), _c.runtime.in_(_OURS))
    steps: dict[str, list[_Row]] = {}
    for row in db.execute(query.order_by(c.task_id, c.position)):
        steps.setdefault(row.task_id, []).append(row)
    resumed, lost_ms = _resumed(db), _lost(db)
    out: dict[str, list[_Step]] = {}
    for task_id in begun.keys() & steps.keys():
        task = begun[task_id]
        since = max(task.started_at_ms or task.created_at_ms, resumed.get(task_id, 0))
        out[task_id] = _startable(steps[task_id], since, lost_ms)
    return out


def _startable(steps: list[_Row], since_ms: int, lost_ms: int) -> list[_Step]:
    """New ones, and those whose process was lost; after a failure nothing starts."""
    if any(step.status == StepStatus.FAILED for step in steps):
        return []
    done = {step.key: step.ended_at_ms or 0 for step in steps if step.status == StepStatus.COMPLETED}
    out: list[_Step] = []
    for step in steps:
        if step.status == StepStatus.PENDING and done.keys() >= (needed := set(json.loads(step.depends_on))):
            out.append((step.key, Role(step.role), max([since_ms, *(done[key] for key in needed)])))
        elif step.status == StepStatus.ACTIVE and step.left:
            out.append((step.key, Role(step.role), max(since_ms, lost_ms)))
    return out


def _lost(db: sa.Connection) -> int:
    """When an engine process was lost, or ended, last."""
    w = t.workers.c
    gone = sa.func.coalesce(w.lost_at_ms, w.ended_at_ms)
    return int(db.execute(sa.select(sa.func.coalesce(sa.func.max(gone), 0))).scalar_one())


def _resumed(db: sa.Connection) -> dict[str, int]:
    """When tasks under way were resumed last."""
    c = t.events.c
    again = sa.select(_c.id).where(_c.status.in_(_BEGUN), _c.run > 1)
    query = sa.select(c.task_id, sa.func.max(c.at_ms)).where(c.kind == "task_resumed", c.task_id.in_(again))
    return {row[0]: int(row[1]) for row in db.execute(query.group_by(c.task_id))}


# Places


def _room(db: sa.Connection) -> Room:
    limits = settings.limits(db)
    w, runs = t.workers.c, t.step_runs.c
    alive = sa.select(w.id, w.host, w.max_agents).where(w.ended_at_ms.is_(None), w.lost_at_ms.is_(None))
    rows = list(db.execute(alive))
    hosts = {row.id: row.host for row in rows}
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.host] = limits.per_machine or max(sizes.get(row.host, 0), row.max_agents)
    join = t.step_runs.join(t.agents, t.agents.c.id == runs.agent_id).join(t.tasks, _c.id == runs.task_id)
    live = sa.select(runs.owner, _c.created_by).select_from(join)
    live = live.where(runs.outcome.is_(None), t.agents.c.status.in_(_AT_WORK), runs.owner.in_(list(hosts)))
    at_work = list(db.execute(live))
    on_host = Counter(hosts[row.owner] for row in at_work)
    return Room(
        limits,
        Share("", len(at_work), limits.in_all),
        [Share(host, on_host[host], size) for host, size in sorted(sizes.items())],
        Counter(row.created_by for row in at_work),
    )


# What waits for a person


def _asking(db: sa.Connection) -> list[Waiting]:
    """Agents that have a place and wait for an answer, the oldest question first."""
    c = t.approvals.c
    join = t.approvals.join(t.tasks, _c.id == c.task_id).join(t.agents, t.agents.c.id == c.agent_id)
    columns = (t.agents.c.step, t.agents.c.role, c.asked_at_ms, c.tool, c.words)
    query = sa.select(*_TASK, *columns).select_from(join)
    query = query.where(c.status == ApprovalStatus.WAITING.value, _c.deleted_at_ms.is_(None))
    return [
        _waiting(row, row.step, Role(row.role), row.asked_at_ms, Reason.ANSWER, f"Waits for your answer: {row.tool}.")
        for row in db.execute(query.order_by(c.asked_at_ms).limit(MOST_HELD))
    ]


def _paused(db: sa.Connection) -> list[Waiting]:
    """Tasks that a person or a budget holds, in the order of the queue; why is their last move."""
    c = t.events.c
    last = sa.select(c.id).where(c.task_id == _c.id, c.kind == "task_moved").order_by(c.id.desc()).limit(1)
    query = sa.select(*_TASK, c.at_ms, c.body).select_from(
        t.tasks.outerjoin(t.events, c.id == last.correlate(t.tasks).scalar_subquery())
    )
    query = query.where(_c.status == TaskStatus.PAUSED.value, _c.deleted_at_ms.is_(None), _c.runtime.in_(_OURS))
    out = []
    for row in db.execute(query.order_by(*places.ORDER).limit(MOST_HELD)):
        why = json.loads(row.body).get("why") if row.body else None
        since_ms = row.at_ms or row.created_at_ms
        out.append(_waiting(row, None, None, since_ms, Reason.PAUSED, why or "It is paused."))
    return out
