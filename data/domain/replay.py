"""How a task stood after any of its events: the fold that the store's rows come from, over the task's log alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from data.domain import agents as a
from data.domain import assignment
from data.domain import events as e
from data.domain import replay_values as new
from data.domain.agents import Agent, AgentStatus, FileChange, Role, Runtime
from data.domain.event_base import AgentEvent
from data.domain.money import Tokens
from data.domain.outcome_events import FailureSeen
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import Step, StepStatus

_STEP_ENDED = {StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.SKIPPED}

Times = tuple[datetime | None, datetime | None]
Touches = Mapping[tuple[str, FileChange], bool]
"""What was done to which path; whether that was found by comparing the folder rather than said by a call."""
Copy = tuple[Tokens, int | None, str]
"""What a copy of a model reply was counted with, and for which agent."""
T = TypeVar("T")


def counted_before(copies: Mapping[str, T], request_id: str) -> T | None:
    """Of the copies of a reply, by request, the one that another copy replaces.

    One that was cut off may have lacked the id of its request.
    """
    same = copies.get(request_id) or copies.get("")
    return same or (next(iter(copies.values()), None) if request_id == "" else None)


@dataclass
class Moment:
    """A task, its steps and its agents at one moment; folded on in place, so copy it to keep it."""

    task: Task | None = None
    """Without its steps and files: see `whole`."""
    steps: dict[str, Step] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    """By step: where it stands in the workflow."""
    times: dict[str, Times] = field(default_factory=dict)
    """By step: when it began, and when it ended."""
    agents: dict[str, Agent] = field(default_factory=dict)
    """Without their files: see `everybody`."""
    touched: dict[str, Touches] = field(default_factory=dict)
    """By agent; a change makes a new table, so that kept moments share those that stay."""
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Calls that wait for a person: whose, and what."""
    reported: dict[str, int] = field(default_factory=dict)
    """By agent: the last running total."""
    deleted: set[str] = field(default_factory=set)
    """Agents that were taken off the lists; the story keeps them as they were."""

    def copy(self) -> Moment:
        """The values are frozen: only the tables are copied."""
        return replace(
            self,
            steps=dict(self.steps),
            places=dict(self.places),
            times=dict(self.times),
            agents=dict(self.agents),
            touched=dict(self.touched),
            asked=dict(self.asked),
            reported=dict(self.reported),
            deleted=set(self.deleted),
        )

    def whole(self) -> Task | None:
        """The task with its steps and files; None before it was submitted."""
        if self.task is None:
            return None
        files = new.by_change(touch for touches in self.touched.values() for touch in touches)
        workflow = sorted(self.steps.values(), key=lambda step: self.places[step.key])
        return replace(self.task, workflow=tuple(workflow), files=files)

    def everybody(self) -> list[Agent]:
        """The agents with their files, in the order in which they were made."""
        return [replace(agent, files=new.by_change(self.touched.get(agent.id, ()))) for agent in self.agents.values()]

    def fold(self, at: datetime, event: e.Event, before: Copy | None = None) -> None:
        """Go on by one event; `before`: for a model reply, the smaller copy of it that was counted earlier."""
        match event:
            case e.TaskSubmitted():
                self.task = new.submitted(at, event)
                self._plan(event.workflow)
            case e.MessageMetered():
                self._meter(event, before)
            case e.StepMoved():
                self._move_step(at, event)
            case e.StepReset():
                if (step := self.steps.get(event.step)) is not None:
                    self.steps[event.step] = replace(step, status=StepStatus.PENDING, generation=event.generation)
                    self.times[event.step] = (None, None)
            case e.AgentCreated():
                self.agents.setdefault(event.agent_id, new.created(at, event))
            case e.AgentMoved():
                self._move_agent(at, event)
            case e.ApprovalAsked() | e.ApprovalAnswered():
                self._ask(event)
            case e.LogsImported():
                self._read_in(event)
            case AgentEvent():
                self._does(at, event)
            case _:
                self._task_event(at, event)

    def _task_event(self, at: datetime, event: e.Event) -> None:
        if self.task is None:
            return
        match event:
            case e.TaskMoved():
                self.task = new.moved(self.task, at, event)
            case e.TaskPlanned():
                if event.refused is None:
                    self._plan(event.workflow)
                if event.analyst_included is not None:
                    self._set(analyst_included=event.analyst_included, analyst_reason=event.analyst_reason or "")
                    self._set(assignment=assignment.replanned(self.task.assignment))
            case e.OutcomeRecorded():
                self._set(outcome=self.task.outcome.with_values(event.values, event.by, event.automatic))
            case e.TaskResumed():
                begun = self.task.started_at or at
                again = {
                    "status": TaskStatus.IN_PROGRESS,
                    "ended_at": None,
                    "error": None,
                    "result": None,
                    "seen_by": None,
                }
                self._set(run=self.task.run + 1, kept_nanousd=event.kept_nanousd, started_at=begun, **again)
            case e.TaskPrioritized():
                self._set(priority=event.priority)
            case FailureSeen():
                self._set(seen_by=event.by)
            case e.TaskDescribed():
                self._set(description=event.description)
            case e.TaskDeleted():
                self.deleted.update(self.agents)

    def _set(self, **values: object) -> None:
        assert self.task is not None
        self.task = replace(self.task, **values)  # type: ignore[arg-type]

    def _change(self, agent_id: str, **values: object) -> None:
        if (agent := self.agents.get(agent_id)) is not None:
            self.agents[agent_id] = replace(agent, **values)  # type: ignore[arg-type]

    def _plan(self, workflow: tuple[e.StepSpec, ...]) -> None:
        """The planned steps, keeping those that have already begun."""
        begun = {key: step for key, step in self.steps.items() if step.status is not StepStatus.PENDING}
        fresh = [Step(s.key, s.role, s.scope, s.depends_on, s.constraints) for s in workflow if s.key not in begun]
        self.steps = begun | {step.key: step for step in fresh}
        kept = {key: self.places[key] for key in begun}
        behind = max(kept.values(), default=0) + 1
        self.places = kept | {step.key: place for place, step in enumerate(fresh, behind)}
        self.times = {key: self.times.get(key, (None, None)) for key in self.steps}

    def _move_step(self, at: datetime, event: e.StepMoved) -> None:
        if (step := self.steps.get(event.step)) is not None:
            self.steps[event.step] = replace(step, status=event.to)
            began, ended = self.times[event.step]
            if event.to is StepStatus.ACTIVE:
                began = began or at
            if event.to in _STEP_ENDED:
                ended = max(at, began or at)
            self.times[event.step] = (began, ended)
        if event.to is StepStatus.ACTIVE and self.task is not None:
            self._set(current_step=event.step)

    def _move_agent(self, at: datetime, event: e.AgentMoved) -> None:
        agent = self.agents.get(event.agent_id)
        if agent is None:
            return
        if event.to is AgentStatus.DELETED:
            self.deleted.add(agent.id)
            return
        values: dict[str, object] = {"status": event.to, "retry_at": None, "tool_since": None}
        if event.to is AgentStatus.ACTIVE:
            values["started_at"] = agent.started_at or at
        if event.to not in a.LIVE:
            values |= {"ended_at": new.not_before(at, agent.started_at), "activity": "", "result": event.result}
        if event.to in (AgentStatus.FAILED, AgentStatus.CANCELLED):
            values["error"] = event.why
        self._change(event.agent_id, **values)

    def _read_in(self, event: e.LogsImported) -> None:
        """Agent, step and task stand as a log folder says that another program wrote."""
        if (agent := self.agents.get(event.agent_id)) is None:
            return
        began, ended = new.to_ms(event.began_at), new.to_ms(event.ended_at)
        bad = event.status is not AgentStatus.COMPLETED
        told = {"result": event.result, "error": event.why if bad else None, "log_dir": event.folder, "activity": ""}
        times = {"started_at": began, "ended_at": ended, "tool_since": None}
        self._change(agent.id, status=event.status, model=event.model or agent.model, **times, **told)
        if (step := self.steps.get(agent.step)) is not None:
            self.steps[agent.step] = replace(step, status=StepStatus(event.status.value))
            self.times[agent.step] = (began, ended)
        if self.task is not None and self.task.runtime is Runtime.IMPORTED:
            self._end_as_agents()

    def _end_as_agents(self) -> None:
        """A task whose agents come from log folders has ended as they have."""
        found = sorted(self.agents.values(), key=lambda one: one.started_at or one.created_at)
        if any(agent.live for agent in found):
            return
        failed = [agent for agent in found if agent.status is AgentStatus.FAILED]
        result = None if failed else next((agent.result for agent in reversed(found) if agent.result), None)
        self._set(
            status=TaskStatus.FAILED if failed else TaskStatus.COMPLETED,
            error=f"{failed[0].name}: {failed[0].error}" if failed else None,
            result=result,
            started_at=min((agent.started_at for agent in found if agent.started_at), default=None),
            ended_at=max((agent.ended_at for agent in found if agent.ended_at), default=None),
        )

    def _meter(self, event: e.MessageMetered, before: Copy | None) -> None:
        if before is not None:
            self._count(before[2], Tokens() - before[0], -(before[1] or 0), -int(before[1] is None))
        self._count(event.agent_id, event.tokens, event.cost_nanousd or 0, int(event.cost_nanousd is None))
        if (agent := self.agents.get(event.agent_id)) is None:
            return
        gauge: dict[str, object] = {}
        if not event.subagent and not event.summed:
            gauge["context_used"] = event.tokens.prompt + event.tokens.output
            gauge["context_window"] = event.context_window or agent.context_window
        self._change(agent.id, retry_at=None, **gauge)

    def _count(self, agent_id: str, tokens: Tokens, cost: int, unpriced: int) -> None:
        if self.task is not None:
            self.task = replace(self.task, **new.sums(self.task, tokens, cost, unpriced))  # type: ignore[arg-type]
        if (agent := self.agents.get(agent_id)) is not None:
            self._change(agent_id, **new.sums(agent, tokens, cost, unpriced))
            if agent.role is Role.ANALYST and self.task is not None:
                self._set(analyst_nanousd=self.task.analyst_nanousd + cost)

    def _ask(self, event: e.ApprovalAsked | e.ApprovalAnswered) -> None:
        """Agent and task wait for a person, and go on when nothing of them waits any more."""
        agent = self.agents.get(event.agent_id)
        if isinstance(event, e.ApprovalAsked):
            self.asked[event.approval_id] = (event.agent_id, event.words)
            now, to, agent_now, agent_to = TaskStatus.IN_PROGRESS, TaskStatus.WAITING, AgentStatus.ACTIVE, "waiting"
            told = f"wants: {event.words}"
        else:
            _, asked = self.asked.pop(event.approval_id, ("", ""))
            now, to, agent_now, agent_to = TaskStatus.WAITING, TaskStatus.IN_PROGRESS, AgentStatus.WAITING, "active"
            told = f"{event.to}: {asked}"
        if agent is not None and agent.status is agent_now:
            self._change(agent.id, status=AgentStatus(agent_to), activity=told)
        moves = isinstance(event, e.ApprovalAsked) or not self.asked
        if moves and self.task is not None and self.task.status is now:
            self._set(status=to)

    def _does(self, at: datetime, event: AgentEvent) -> None:
        """What changes one agent and little else."""
        match event:
            case e.SessionStarted():
                self._change(event.agent_id, session_id=event.session_id, model=event.model)
            case e.ToolCalled():
                agent = self.agents.get(event.agent_id)
                calls = agent.tool_calls + 1 if agent else 0
                self._change(event.agent_id, tool_calls=calls, activity=event.words, tool_since=at)
                if self.task is not None:
                    self._set(tool_calls=self.task.tool_calls + 1)
            case e.ToolReturned():
                self._change(event.agent_id, tool_since=None)
            case e.FileTouched():
                mine, key = self.touched.get(event.agent_id, {}), (event.path, event.change)
                if key not in mine:
                    self.touched[event.agent_id] = {**mine, key: False}
            case e.FolderCompared():
                self._compare(event)
            case e.ContextCompacted(after_tokens=int(left)):
                self._change(event.agent_id, context_used=left)
            case e.TranscriptCounted(cost_nanousd=found):
                self._change(event.agent_id, transcript_nanousd=found)
            case e.TotalReported():
                self._report(event)
            case e.RetryScheduled():
                doing = f"waiting to retry ({event.attempt} of {event.max_retries}): {event.error or event.status}"
                self._change(event.agent_id, activity=doing, retry_at=new.to_ms(event.retry_at))
            case e.StepRetried():
                doing = f"waiting for try {event.attempt} of {event.most}: {event.why}"
                self._change(event.agent_id, activity=doing, retry_at=new.to_ms(event.retry_at))
            case _:
                if (does := new.doing(event)) is not None:
                    self._change(event.agent_id, activity=does)

    def _compare(self, event: e.FolderCompared) -> None:
        """What was found takes the place of what calls said of the same files, and of what was found before."""
        paths = {file.path for file in event.files}
        said = {
            key: found
            for key, found in self.touched.get(event.agent_id, {}).items()
            if not found and (key[0] not in paths or key[1] is FileChange.READ)
        }
        self.touched[event.agent_id] = said | {(file.path, file.change): True for file in event.files}

    def _report(self, event: e.TotalReported) -> None:
        """Add what the running total grew by; a smaller total means that its counter restarted."""
        last, total = self.reported.get(event.agent_id, 0), event.total_nanousd
        grown = total - last if total >= last else total
        self.reported[event.agent_id] = total
        if (agent := self.agents.get(event.agent_id)) is not None:
            self._change(agent.id, reported_nanousd=(agent.reported_nanousd or 0) + grown)
        if self.task is not None:
            self._set(reported_nanousd=(self.task.reported_nanousd or 0) + grown)
