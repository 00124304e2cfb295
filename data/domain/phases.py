"""The life of an agent, or of a task, as phases with a beginning and an end: at work, waiting, paused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from data.domain import events as e
from data.domain.agents import LIVE, AgentStatus, Role
from data.domain.event_base import AgentEvent
from data.domain.tasks import ENDED, TaskStatus


class PhaseKind(StrEnum):
    """What somebody does for a while."""

    IDLE = "idle"
    """Made, not yet at work."""
    WORKING = "working"
    ASKING = "waiting for a person"
    RETRYING = "waiting for the next try"
    WAITING = "waiting"
    PAUSED = "paused"
    QUEUED = "in the queue"


@dataclass(frozen=True)
class Phase:
    """One stretch of a life."""

    kind: PhaseKind
    begun: datetime
    ended: datetime | None = None
    """None: it goes on."""
    why: str = ""
    until: datetime | None = None
    """When the next try comes, for one that waits for it."""

    def seconds(self, now: datetime) -> float:
        return max(0.0, ((self.ended or max(now, self.begun)) - self.begun).total_seconds())


@dataclass
class Life:
    """One agent, or the task as a whole (with no id)."""

    agent_id: str
    name: str
    role: Role | None
    step: str
    phases: list[Phase] = field(default_factory=list)
    end: AgentStatus | TaskStatus | None = None
    """What it ended as; None while it goes on."""
    why: str = ""
    notes: list[tuple[datetime, str]] = field(default_factory=list)
    """What happened in between: tries, messages of people, a process that was gone."""
    session: str = ""
    """`model` its session runs on, once it has one."""

    @property
    def begun(self) -> datetime | None:
        return self.phases[0].begun if self.phases else None

    @property
    def ended(self) -> datetime | None:
        return self.phases[-1].ended if self.phases else None

    def go(self, kind: PhaseKind, at: datetime, why: str = "", until: datetime | None = None) -> None:
        """The phase that begins now; the one before it ends."""
        self.stop(at)
        self.end = None
        self.phases.append(Phase(kind, at, None, why, until))

    def stop(self, at: datetime) -> None:
        """The phase ends. A wait whose next try came before that was followed by work."""
        if not self.phases or self.phases[-1].ended is not None:
            return
        last = self.phases[-1]
        if last.until is not None and last.until < at:
            self.phases[-1] = replace(last, ended=max(last.until, last.begun))
            last = Phase(PhaseKind.WORKING, max(last.until, last.begun))
            self.phases.append(last)
        self.phases[-1] = replace(last, ended=max(at, last.begun))

    def upto(self, now: datetime) -> list[Phase]:
        """The phases as they are now: a next try whose time has come is under way."""
        if not self.phases or (last := self.phases[-1]).until is None or last.ended or last.until > now:
            return self.phases
        came = max(last.until, last.begun)
        return [*self.phases[:-1], replace(last, ended=came), Phase(PhaseKind.WORKING, came)]


KINDS = (
    "task_submitted",
    "task_moved",
    "task_resumed",
    "agent_created",
    "agent_moved",
    "session_started",
    "approval_asked",
    "approval_answered",
    "retry_scheduled",
    "step_retried",
    "step_continued",
    "agent_told",
)
"""The kinds of events of which lives are made: few, however long the log is."""

_TASK = {
    TaskStatus.PENDING: PhaseKind.QUEUED,
    TaskStatus.IN_PROGRESS: PhaseKind.WORKING,
    TaskStatus.WAITING: PhaseKind.ASKING,
    TaskStatus.PAUSED: PhaseKind.PAUSED,
}
_AGENT = {
    AgentStatus.IDLE: PhaseKind.IDLE,
    AgentStatus.ACTIVE: PhaseKind.WORKING,
    AgentStatus.WAITING: PhaseKind.WAITING,
}


def lives(events: Iterable[tuple[datetime, e.Event]]) -> list[Life]:
    """The task first, then its agents in the order in which they were made; each with its phases."""
    found: dict[str, Life] = {}
    asked: dict[str, str] = {}
    for at, event in events:
        if isinstance(event, e.AgentCreated):
            if event.agent_id not in found:
                found[event.agent_id] = Life(event.agent_id, event.name, event.role, event.step)
                found[event.agent_id].go(PhaseKind.IDLE, at)
        elif isinstance(event, AgentEvent):
            if (life := found.get(event.agent_id)) is not None:
                _agent(life, at, event, asked)
                _waits(found.get(""), at, asked)
        else:
            _task(found.setdefault("", Life("", "Task", None, "")), at, event)
    return list(found.values())


def _agent(life: Life, at: datetime, event: AgentEvent, asked: dict[str, str]) -> None:
    match event:
        case e.AgentMoved(to=to, why=why) if to in LIVE:
            life.go(_AGENT[to], at, why)
        case e.AgentMoved(to=to, why=why) if to is not AgentStatus.DELETED:
            life.stop(at)
            life.end, life.why = to, why
        case e.ApprovalAsked(approval_id=key, words=words):
            asked[key] = life.agent_id
            life.go(PhaseKind.ASKING, at, words)
        case e.ApprovalAnswered(approval_id=key, to=to, by=by):
            asked.pop(key, None)
            life.notes.append((at, f"{to} by {by}"))
            if life.agent_id not in asked.values() and life.end is None:
                life.go(PhaseKind.WORKING, at)
        case e.RetryScheduled(retry_at=until, attempt=attempt, max_retries=most, error=error, status=status):
            life.notes.append((at, f"try {attempt} of {most}: {error or status or 'refused'}"))
            life.go(PhaseKind.RETRYING, at, f"{error or status or 'the model service refused'}", until)
        case e.StepRetried(retry_at=until, attempt=attempt, most=most, why=why):
            life.notes.append((at, f"try {attempt} of {most}: {why}"))
            life.go(PhaseKind.RETRYING, at, why, until)
        case e.StepContinued(worker=worker, session=session):
            how = "continues its session" if session else "begins anew"
            life.notes.append((at, f"its process was gone; {how} on {worker}"))
        case e.AgentTold(by=by, words=words):
            life.notes.append((at, f"told by {by}: {words}"))
        case e.SessionStarted(model=model):
            life.session = model


def _waits(task: Life | None, at: datetime, asked: dict[str, str]) -> None:
    """The task waits for a person while one of its agents does."""
    if task is None or task.end is not None or not task.phases:
        return
    kind = task.phases[-1].kind
    if asked and kind is PhaseKind.WORKING:
        task.go(PhaseKind.ASKING, at)
    elif not asked and kind is PhaseKind.ASKING:
        task.go(PhaseKind.WORKING, at)


def _task(life: Life, at: datetime, event: e.Event) -> None:
    match event:
        case e.TaskSubmitted():
            life.go(PhaseKind.QUEUED, at)
        case e.TaskResumed(by=by):
            life.notes.append((at, f"resumed by {by}"))
            life.go(PhaseKind.WORKING, at)
        case e.TaskMoved(to=to, why=why) if to in ENDED:
            life.stop(at)
            life.end, life.why = to, why
        case e.TaskMoved(to=to, why=why):
            life.go(_TASK[to], at, why)
