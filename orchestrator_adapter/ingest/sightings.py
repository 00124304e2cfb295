"""One Claude session that somebody else runs, as events: it is opened, its agents come and go, it ends.

What tells of it (hooks, telemetry) says what happened; this makes only those moves that the tables of moves allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from data.domain import events as e
from data.domain.agents import LIVE, AgentStatus, Role, Runtime
from data.domain.tasks import ENDED, MAX_DESCRIPTION, SESSION, Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store.bulk import Dated, key_of
from data.store.observed import Session

UNKNOWN_MODEL = "unknown"
MAIN = "Claude"
_NAME = 120
_SCOPE = "A Claude session that was started elsewhere."


class Sighting:
    """What one batch adds to a session."""

    def __init__(self, known: Session, contents: dict[str, bytes]) -> None:
        self.known = known
        self.events: list[Dated] = []
        self._contents = contents
        self._agents = dict(known.agents)
        self._task = known.task_status
        self._reported = dict(known.reported)
        self._total: tuple[datetime, int] | None = None

    @property
    def ids(self) -> dict[str, str]:
        """Of the session's main agent."""
        return self.ids_of(self.known.agent_id)

    def ids_of(self, agent_id: str) -> dict[str, str]:
        return {"task_id": self.known.task_id, "agent_id": agent_id}

    @property
    def left(self) -> Session:
        """The session as it is once these events are written."""
        if self.known.stored and not self.events:
            return self.known
        agents, reported = dict(self._agents), dict(self._reported)
        return replace(self.known, agents=agents, reported=reported, task_status=self._task, stored=True)

    def now(self, **changes: Any) -> None:
        """Know more about the session from now on."""
        self.known = replace(self.known, **changes)

    def add(self, at: datetime, *events: e.Event) -> None:
        self.events += [(event, at) for event in events]

    def keep(self, content: str) -> str:
        """Have large content written with the events that name it; its id."""
        packed = content.encode("utf-8", "replace")
        key = key_of(packed)
        self._contents[key] = packed
        return key

    def report(self, at: datetime, nanousd: int) -> None:
        """What the session says that it has cost so far, in all its lives; told once, by `settle`."""
        others = sum(told for agent_id, told in self._reported.items() if agent_id != self.known.agent_id)
        # less than what earlier lives told: its counter began anew with this one
        self._total = (at, nanousd - others if nanousd >= others else nanousd)

    def settle(self) -> None:
        """Tell the newest total; a batch has one for each request, and only the last says anything."""
        if self._total is not None:
            at, nanousd = self._total
            self._total, self._reported[self.known.agent_id] = None, nanousd
            self.add(at, e.TotalReported(**self.ids, session_id=self.known.id, total_nanousd=nanousd))

    # The session itself

    def open(self, at: datetime, folder: str, by: str, model: str = "") -> None:
        """Have a task and a live main agent, and a new agent if the session had ended."""
        if self._task is None:
            self._submit(at, folder, by)
        elif self._agents.get(self.known.agent_id) not in LIVE:
            self._reopen(at, by)
        if self.known.agent_id not in self._agents:
            self._create(at, self.known.agent_id, Role.CUSTOM, MAIN, model or UNKNOWN_MODEL)
            self.add(at, e.StepMoved(task_id=self.known.task_id, step=SESSION, to=StepStatus.ACTIVE))
            self.model(at, model or UNKNOWN_MODEL)
        elif model:
            self.model(at, model)

    def _submit(self, at: datetime, folder: str, by: str) -> None:
        where = f" in {folder}" if folder else ""
        submitted = e.TaskSubmitted(
            task_id=self.known.task_id,
            description=f"Claude session{where}",
            task_type=TaskType.CUSTOM,
            complexity=Complexity.SIMPLE,
            analyst_included=False,
            analyst_reason="The session was started elsewhere.",
            workflow=(e.StepSpec(key=SESSION, role=Role.CUSTOM, scope=_SCOPE),),
            working_directory=folder,
            runtime=Runtime.ATTACHED,
            by=by,
        )
        self.add(at, submitted, e.TaskMoved(task_id=self.known.task_id, to=TaskStatus.IN_PROGRESS, by=by))
        self._task = TaskStatus.IN_PROGRESS

    def _reopen(self, at: datetime, by: str) -> None:
        """The agent of the life before stays as it ended; the session goes on with a new one."""
        task_id = self.known.task_id
        self.settle()
        if self.known.agent_id in self._agents:
            self.now(life=self.known.life + 1, model="")
        if self._task in ENDED:
            why = "The session was opened again."
            self.add(at, e.TaskResumed(task_id=task_id, kept_steps=(), kept_nanousd=0, by=by, why=why))
            self.add(at, e.StepReset(task_id=task_id, step=SESSION, generation=self.known.life))
            self._task = TaskStatus.IN_PROGRESS
        self.now(ended=False)

    def model(self, at: datetime, model: str) -> None:
        """The model that the session's main agent is known to use."""
        if model != self.known.model:
            self.add(at, e.SessionStarted(**self.ids, session_id=self.known.id, model=model))
            self.now(model=model)

    def describe(self, at: datetime, prompt: str) -> None:
        """What the session is asked to do; only its first prompt says so."""
        text = prompt.strip()[:MAX_DESCRIPTION]
        if text and not self.known.described:
            self.add(at, e.TaskDescribed(task_id=self.known.task_id, description=text))
            self.now(described=True)

    def end(self, at: datetime, why: str = "") -> None:
        """The session is over, and so are all its agents."""
        for agent_id, status in list(self._agents.items()):
            if status in LIVE:
                self.move(at, agent_id, AgentStatus.COMPLETED, why)
        if self._task is not None and self._task not in ENDED:
            done = e.StepMoved(task_id=self.known.task_id, step=SESSION, to=StepStatus.COMPLETED, why=why)
            over = e.TaskMoved(task_id=self.known.task_id, to=TaskStatus.COMPLETED, why=why, by="session")
            self.add(at, done, over)
            self._task = TaskStatus.COMPLETED
        self.now(ended=True)

    # Its agents

    def subagent(self, at: datetime, name: str, kind: str) -> str:
        """The id of the agent that stands for a sub-agent; it is made when it is first heard of."""
        agent_id = self.known.subagent(name)
        if agent_id not in self._agents:
            role = next((role for role in Role if role.value == kind.lower()), Role.CUSTOM)
            self._create(at, agent_id, role, kind or "Sub-agent", self.known.model or UNKNOWN_MODEL)
        return agent_id

    def _create(self, at: datetime, agent_id: str, role: Role, name: str, model: str) -> None:
        more: Mapping[str, Any] = {"step": SESSION, "role": role, "name": name[:_NAME], "model": model}
        self.add(at, e.AgentCreated(**self.ids_of(agent_id), **more, runtime=Runtime.ATTACHED))
        self._agents[agent_id] = AgentStatus.IDLE
        self.move(at, agent_id, AgentStatus.ACTIVE)

    def is_live(self, agent_id: str) -> bool:
        return self._agents.get(agent_id) in LIVE

    def is_active(self, agent_id: str) -> bool:
        return self._agents.get(agent_id) is AgentStatus.ACTIVE

    def move(self, at: datetime, agent_id: str, to: AgentStatus, why: str = "", result: str | None = None) -> None:
        """Move the agent, unless it is there already or has ended."""
        if self._agents.get(agent_id) in LIVE - {to}:
            self.add(at, e.AgentMoved(**self.ids_of(agent_id), to=to, why=why, result=result))
            self._agents[agent_id] = to

    def works(self, at: datetime, agent_id: str) -> None:
        """The agent does something, so it waits for nobody."""
        self.move(at, agent_id, AgentStatus.ACTIVE)

    def waits(self, at: datetime, agent_id: str, words: str) -> None:
        """The agent waits for a person."""
        if self.is_live(agent_id):
            self.move(at, agent_id, AgentStatus.WAITING)
            self.add(at, e.Activity(**self.ids_of(agent_id), words=words))
