"""Questions to a person in the store: asked, answered, and used by the agent that waited."""

from __future__ import annotations

import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.approvals import AnswerScope, Approval, ApprovalStatus
from data.domain.errors import ApprovalNotFound, TooLate
from data.domain.tasks import TaskStatus
from data.store import rows
from data.store import tables as t

_WAITING = ApprovalStatus.WAITING.value


def fold(db: sa.Connection, rev: int, at_ms: int, event: e.ApprovalAsked | e.ApprovalAnswered) -> None:
    match event:
        case e.ApprovalAsked():
            _ask(db, rev, at_ms, event)
        case e.ApprovalAnswered():
            _answer(db, rev, at_ms, event)


def _ask(db: sa.Connection, rev: int, at_ms: int, event: e.ApprovalAsked) -> None:
    """The agent waits, and its task with it."""
    db.execute(
        sa.insert(t.approvals).values(
            id=event.approval_id,
            rev=rev,
            task_id=event.task_id,
            agent_id=event.agent_id,
            tool=event.tool,
            words=event.words,
            input_blob=event.input_blob,
            why=event.why,
            status=_WAITING,
            asked_at_ms=at_ms,
            expires_at_ms=rows.ms(event.expires_at),
        )
    )
    wait = {"status": AgentStatus.WAITING.value, "activity": f"wants: {event.words}", "rev": rev}
    active = (t.agents.c.id == event.agent_id) & (t.agents.c.status == AgentStatus.ACTIVE.value)
    db.execute(sa.update(t.agents).where(active).values(**wait))
    _task(db, rev, event.task_id, TaskStatus.IN_PROGRESS, TaskStatus.WAITING)


def _answer(db: sa.Connection, rev: int, at_ms: int, event: e.ApprovalAnswered) -> None:
    """The agent goes on; its task too, if nothing else of it waits."""
    found = get(db, event.approval_id)
    if found.status is not ApprovalStatus.WAITING:
        by = f" by {found.answered_by}" if found.answered_by else ""
        raise TooLate(f"That was already {found.status}{by}.", approval_id=found.id, status=found.status.value)
    values = {"status": event.to.value, "scope": event.scope.value, "reason": event.reason, "answered_by": event.by}
    db.execute(
        sa.update(t.approvals)
        .where(t.approvals.c.id == event.approval_id)
        .values(rev=rev, answered_at_ms=at_ms, **values)
    )
    waits = (t.agents.c.id == event.agent_id) & (t.agents.c.status == AgentStatus.WAITING.value)
    told = f"{event.to}: {found.words}"
    db.execute(sa.update(t.agents).where(waits).values(status=AgentStatus.ACTIVE.value, activity=told, rev=rev))
    if not waiting(db, event.task_id):
        _task(db, rev, event.task_id, TaskStatus.WAITING, TaskStatus.IN_PROGRESS)


def _task(db: sa.Connection, rev: int, task_id: str, now: TaskStatus, to: TaskStatus) -> None:
    where = (t.tasks.c.id == task_id) & (t.tasks.c.status == now.value)
    db.execute(sa.update(t.tasks).where(where).values(status=to.value, rev=rev))


def get(db: sa.Connection, approval_id: str) -> Approval:
    """Raises ApprovalNotFound."""
    row = db.execute(sa.select(t.approvals).where(t.approvals.c.id == approval_id)).mappings().first()
    if row is None:
        raise ApprovalNotFound(f"There is no question {approval_id}.", approval_id=approval_id)
    return rows.approval(row)


def waiting(db: sa.Connection, task_id: str | None = None, agent_id: str | None = None) -> list[Approval]:
    """What waits for a person, the oldest first."""
    query = sa.select(t.approvals).where(t.approvals.c.status == _WAITING).order_by(t.approvals.c.asked_at_ms)
    if task_id is not None:
        query = query.where(t.approvals.c.task_id == task_id)
    if agent_id is not None:
        query = query.where(t.approvals.c.agent_id == agent_id)
    return [rows.approval(row) for row in db.execute(query).mappings()]


def answered(db: sa.Connection, limit: int = 100, before: tuple[int, str] | None = None) -> list[Approval]:
    """The last answers, the newest first; those behind a place, which is the time and id of an answer."""
    c = t.approvals.c
    query = sa.select(t.approvals).where(c.status != _WAITING)
    if before is not None:
        at_ms, approval_id = before
        same = sa.and_(c.answered_at_ms == at_ms, c.id < approval_id)
        query = query.where(sa.or_(c.answered_at_ms < at_ms, same))
    query = query.order_by(c.answered_at_ms.desc(), c.id.desc()).limit(limit)
    return [rows.approval(row) for row in db.execute(query).mappings()]


def allowed_for_task(db: sa.Connection, task_id: str, tool: str) -> bool:
    """Whether a person allowed this tool for the whole task."""
    c = t.approvals.c
    where = (c.task_id == task_id) & (c.tool == tool) & (c.scope == AnswerScope.TASK.value)
    return db.execute(sa.select(c.id).where(where, c.status == ApprovalStatus.ALLOWED.value)).first() is not None


def known(db: sa.Connection, agent_id: str, tool: str, input_blob: str) -> Approval | None:
    """The same call asked before a restart, whose answer nobody has used yet."""
    c = t.approvals.c
    where = (c.agent_id == agent_id) & (c.tool == tool) & (c.input_blob == input_blob) & c.used_at_ms.is_(None)
    live = c.status.in_([_WAITING, ApprovalStatus.ALLOWED.value, ApprovalStatus.DENIED.value])
    row = db.execute(sa.select(t.approvals).where(where, live).order_by(c.asked_at_ms.desc())).mappings().first()
    return None if row is None else rows.approval(row)


def use(db: sa.Connection, approval_id: str, at_ms: int) -> None:
    """The agent that waited was told: an answer given once serves once."""
    db.execute(sa.update(t.approvals).where(t.approvals.c.id == approval_id).values(used_at_ms=at_ms))
