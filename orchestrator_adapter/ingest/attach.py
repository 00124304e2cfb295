"""An existing orchestrator reports into our log: its progress and monitor callbacks, as events.

    with attach.running(store, orchestrator, "Fix the login") as run:
        run.result(await orchestrator.execute("Fix the login"))

or, for a program that puts its parts together itself:

    run = attach.task(store, "Fix the login", roles=["builder", "tester"], working_directory="/src")
    executor = WorkflowExecutor(manager, monitor=run.monitor, progress_tracker=run.tracker)
    ...
    run.finish(success=True, result="done")

Its executor awaits some callbacks and not others, and one that raises leaves its agent running for ever: so ours are
as it calls them, and none raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.domain import events as e
from data.domain import workflows
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import FleetError
from data.domain.money import Tokens, from_usd
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.domain.workflows import Step, StepStatus
from data.store import Store
from orchestrator_adapter.ingest.attach_ears import Monitor, Tracker, listening
from orchestrator_adapter.ingest.attach_line import Line

log = logging.getLogger(__name__)
UNKNOWN_MODEL = "unknown"
SCOPE = "Run by an attached orchestrator."
PLANNING = ("planner",)
"""What a task begins with whose steps are not known before its orchestrator has planned them."""


def task(
    store: Store,
    description: str,
    *,
    roles: Sequence[str] | None = None,
    working_directory: str,
    task_type: TaskType = TaskType.CUSTOM,
    task_id: str | None = None,
) -> Attached:
    """Open a task whose agents an existing orchestrator runs. Raises WorkflowInvalid for no or unknown roles.

    Without `roles` its planner says what the steps are: see `Attached.planned`.
    """
    steps = workflows.sequence((role_of(role), SCOPE) for role in (PLANNING if roles is None else roles))
    opened = Attached(store, task_id or uuid.uuid4().hex, steps)
    analyst = any(step.role is Role.ANALYST for step in steps)
    submitted = e.TaskSubmitted(
        task_id=opened.task_id,
        description=description,
        task_type=task_type,
        complexity=Complexity.COMPLEX if analyst else Complexity.SIMPLE,
        analyst_included=analyst,
        analyst_reason="The attached orchestrator decided.",
        workflow=_specs(steps),
        working_directory=working_directory,
        runtime=Runtime.ATTACHED,
        by="attached",
    )
    opened.line.open(submitted, e.TaskMoved(task_id=opened.task_id, to=TaskStatus.IN_PROGRESS))
    return opened


@contextlib.contextmanager
def running(
    store: Store, orchestrator: Any, description: str, *, task_type: TaskType = TaskType.CUSTOM
) -> Iterator[Attached]:
    """Hear everything that an orchestrator does inside of this: its planner, its agents, what they cost.

    If it breaks off, the task has failed, or was cancelled, and nobody of it is left at work.
    """
    folder = str(getattr(orchestrator, "working_directory", None) or Path.cwd())
    run = task(store, description, working_directory=folder, task_type=task_type)
    try:
        with listening(run, orchestrator):
            yield run
    except asyncio.CancelledError:
        run.cancelled("The orchestrator's run was cancelled.")
        raise
    except BaseException as error:
        run.finish(success=False, error=str(error) or type(error).__name__)
        raise
    run.finish(success=False, error="The orchestrator ended without a result.")


def role_of(word: object) -> Role:
    """Our role for theirs, whatever its case; a role we do not know is custom."""
    text = str(getattr(word, "value", word)).lower()
    return next((role for role in Role if role.value == text), Role.CUSTOM)


def _specs(steps: Sequence[Step]) -> tuple[e.StepSpec, ...]:
    return tuple(
        e.StepSpec(key=s.key, role=s.role, scope=s.scope, depends_on=s.depends_on, constraints=s.constraints)
        for s in steps
    )


class Attached:
    """One task of an attached orchestrator."""

    def __init__(self, store: Store, task_id: str, steps: Sequence[Step]) -> None:
        self.task_id = task_id
        self.line = Line(store, task_id)
        self._free = list(steps)
        """Steps that no agent has begun."""
        self._keys = {step.key for step in steps}
        self._steps: dict[str, str] = {}
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self._totals: dict[str, tuple[int, int]] = {}
        self._over = False
        self._lock = threading.RLock()
        self.tracker = Tracker(self)
        self.monitor = Monitor(self)

    def planned(self, plan: Any) -> None:
        """Its planner has said what the steps are: a task with `subtasks`, as its planner gives it."""
        asked = [(role_of(sub.get("role")), str(sub.get("description") or SCOPE), sub) for sub in plan.subtasks]
        if not asked:
            return
        with self._lock:
            begun = tuple(self._steps.values())
            numbered: list[Step] = []
            for role, scope, sub in asked:
                key = self._new_key(role.value, {*begun, *(step.key for step in numbered)})
                before = (numbered[-1].key,) if numbered else begun[-1:]
                after = begun[-1:] if sub.get("parallel") else before
                limits = sub.get("constraints") or ()
                limits = (limits,) if isinstance(limits, str) else tuple(str(one) for one in limits)
                numbered.append(Step(key, role, scope.split("\n", 1)[0][:300], after, limits))
            self._free, self._keys = numbered, {*begun, *(step.key for step in numbered)}
            said = getattr(plan, "metadata", None) or {}
            analyst = any(step.role is Role.ANALYST for step in numbered)
            self.line.say(
                e.TaskPlanned(
                    task_id=self.task_id,
                    workflow=_specs(numbered),
                    rationale=str(said.get("rationale") or "The attached orchestrator planned it."),
                    analyst_included=analyst,
                    analyst_reason=str(said.get("skip_reasoning") or "The attached orchestrator decided."),
                )
            )

    @staticmethod
    def _new_key(name: str, known: set[str]) -> str:
        number = 1
        while (key := name if number == 1 else f"{name}-{number}") in known:
            number += 1
        return key

    def created(self, agent_id: str, name: str, role: object, model: str | None = None) -> None:
        """An agent was made; told twice, it is recorded once."""
        with self._lock:
            if agent_id in self._steps:
                return
            ours = role_of(role)
            step = next((s for s in self._free if s.role is ours), None)
            more = () if step is not None else self._one_more(ours)
            key = step.key if step is not None else self._new_key(ours.value, self._keys)
            self._free = [s for s in self._free if s.key != key]
            self._keys.add(key)
            self._steps[agent_id] = key
            ids = {"task_id": self.task_id, "agent_id": agent_id}
            shown = model or UNKNOWN_MODEL
            made = e.AgentCreated(**ids, step=key, role=ours, name=name, model=shown, runtime=Runtime.ATTACHED)
            self.line.say(*more, made)

    def _one_more(self, role: Role) -> tuple[e.Event, ...]:
        """An agent that no step was planned for gets one."""
        new = Step(self._new_key(role.value, self._keys), role, SCOPE)
        why = f"The attached orchestrator added a {role.name}."
        return (e.TaskPlanned(task_id=self.task_id, workflow=_specs([*self._free, new]), rationale=why),)

    def started(self, agent_id: str) -> None:
        with self._lock:
            if agent_id in self._begun | self._ended:
                return
            step = self._steps[agent_id]
            self._begun.add(agent_id)
            self.line.say(
                e.AgentMoved(task_id=self.task_id, agent_id=agent_id, to=AgentStatus.ACTIVE),
                e.StepMoved(task_id=self.task_id, step=step, to=StepStatus.ACTIVE),
            )

    def does(self, agent_id: str, words: str) -> None:
        if agent_id in self._steps:
            self.line.say(e.Activity(task_id=self.task_id, agent_id=agent_id, words=words))

    def calls(self, agent_id: str, tool: str) -> None:
        if agent_id not in self._steps:
            return
        ids = {"task_id": self.task_id, "agent_id": agent_id}
        words = f"using {tool}"
        self.line.say(e.ToolCalled(**ids, tool_use_id=uuid.uuid4().hex, tool=tool, words=words, input_blob=""))

    def ended(self, agent_id: str, *, error: str | None = None, to: AgentStatus | None = None) -> None:
        """An agent ended. Theirs is called completed right after it failed: the first word counts."""
        with self._lock:
            if agent_id in self._ended or agent_id not in self._steps:
                return
            if error is None:
                self.started(agent_id)  # what never began cannot be completed
            self._ended.add(agent_id)
            status = to or (AgentStatus.COMPLETED if error is None else AgentStatus.FAILED)
            self.line.say(
                e.AgentMoved(task_id=self.task_id, agent_id=agent_id, to=status, why=error or ""),
                e.StepMoved(
                    task_id=self.task_id, step=self._steps[agent_id], to=StepStatus(status.value), why=error or ""
                ),
            )

    def metered(self, agent_id: str, metrics: Any, model: str | None) -> None:
        """Its running totals: one growing entry an agent, so that nothing is counted twice.

        They come with an agent's result: of one that failed before it, what it cost is not known, which is not
        nothing.
        """
        if agent_id not in self._steps:
            return
        tokens = Tokens(
            input=metrics.input_tokens,
            output=metrics.output_tokens,
            cache_read=metrics.cache_read_input_tokens,
            cache_write_5m=metrics.cache_creation_input_tokens,
        )
        cost = from_usd(metrics.total_cost)
        with self._lock:
            if self._totals.get(agent_id) == (cost, tokens.total):
                return
            self._totals[agent_id] = (cost, tokens.total)
        known = bool(cost or tokens.total)
        ids = {"task_id": self.task_id, "agent_id": agent_id}
        counted = e.MessageMetered(
            **ids,
            message_id=f"attached:{agent_id}",
            model=model or UNKNOWN_MODEL,
            tokens=tokens,
            cost_nanousd=cost if known else None,
            summed=True,
        )
        total = (e.TotalReported(**ids, session_id=agent_id, total_nanousd=cost),) if known else ()
        self.line.say(counted, *total)

    def result(self, result: Any) -> None:
        """The task ended with what the orchestrator's `execute` gave."""
        failed = "" if result.success else str(result.error or "An agent of it failed.")
        self.finish(success=bool(result.success), result=str(result.output or ""), error=failed)

    def finish(self, *, success: bool, result: str = "", error: str = "") -> None:
        """The task ended; steps that never ran are skipped, and nobody is left at work."""
        with self._lock:
            if self._over:
                return
            for agent_id in [one for one in self._steps if one not in self._ended]:
                silent = "The orchestrator ended without a word about this agent."
                self.ended(agent_id, error=silent, to=AgentStatus.CANCELLED)
            to = TaskStatus.COMPLETED if success else TaskStatus.FAILED
            self._close(e.TaskMoved(task_id=self.task_id, to=to, why=error, result=result), StepStatus.SKIPPED, "")

    def cancelled(self, why: str) -> None:
        """Their task was cancelled: they write no state for that, so we do."""
        with self._lock:
            if self._over:
                return
            for agent_id in [one for one in self._steps if one not in self._ended]:
                self.ended(agent_id, error=why, to=AgentStatus.CANCELLED)
            moved = e.TaskMoved(task_id=self.task_id, to=TaskStatus.CANCELLED, why=why)
            self._close(moved, StepStatus.CANCELLED, why)

    def _close(self, moved: e.TaskMoved, rest: StepStatus, why: str) -> None:
        self._over = True
        left = [e.StepMoved(task_id=self.task_id, step=s.key, to=rest, why=why) for s in self._free]
        try:
            self.line.close(*left, moved)
        except FleetError:
            log.exception("The end of an attached task could not be recorded.")
