"""An existing orchestrator reports into our log: its progress and monitor callbacks, as events.

    run = attach.task(store, "Fix the login", roles=["builder", "tester"], working_directory="/src")
    executor = WorkflowExecutor(manager, monitor=run.monitor, progress_tracker=run.tracker)
    ...
    run.finish(success=True, result="done")

Its executor awaits some callbacks and not others, and one that raises leaves its agent running for ever: so ours are
as it calls them, and none raises.
"""

from __future__ import annotations

import functools
import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from data.domain import events as e
from data.domain import workflows
from data.domain.agents import UPSTREAM_STATUS, AgentStatus, Role, Runtime
from data.domain.money import Tokens, from_usd
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import Store

log = logging.getLogger(__name__)
P = ParamSpec("P")
UNKNOWN_MODEL = "unknown"


def task(
    store: Store,
    description: str,
    *,
    roles: Sequence[str],
    working_directory: str,
    task_type: TaskType = TaskType.CUSTOM,
    task_id: str | None = None,
) -> Attached:
    """Open a task whose agents an existing orchestrator runs. Raises WorkflowInvalid for no or unknown roles."""
    steps = workflows.sequence((role_of(role), "Run by an attached orchestrator.") for role in roles)
    opened = Attached(store, task_id or uuid.uuid4().hex, [s.key for s in steps])
    analyst = any(step.role is Role.ANALYST for step in steps)
    with store.write(durable=True) as ledger:
        ledger.append(
            e.TaskSubmitted(
                task_id=opened.task_id,
                description=description,
                task_type=task_type,
                complexity=Complexity.COMPLEX if analyst else Complexity.SIMPLE,
                analyst_included=analyst,
                analyst_reason="The attached orchestrator decided.",
                workflow=tuple(
                    e.StepSpec(key=s.key, role=s.role, scope=s.scope, depends_on=s.depends_on) for s in steps
                ),
                working_directory=working_directory,
                runtime=Runtime.ATTACHED,
                by="attached",
            )
        )
        ledger.append(e.TaskMoved(task_id=opened.task_id, to=TaskStatus.IN_PROGRESS))
    return opened


def role_of(word: object) -> Role:
    """Our role for theirs, whatever its case; a role we do not know is custom."""
    text = str(getattr(word, "value", word)).lower()
    return next((role for role in Role if role.value == text), Role.CUSTOM)


def _never_raises(callback: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(callback)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except Exception:  # their executor would leave the agent running for ever
            log.exception("An attached orchestrator's callback could not be recorded.")

    return quiet


class Attached:
    """One task of an attached orchestrator."""

    def __init__(self, store: Store, task_id: str, steps: Sequence[str]) -> None:
        self.task_id = task_id
        self._store = store
        self._free = list(steps)
        self._steps: dict[str, str] = {}
        self._ended: set[str] = set()
        self._models: dict[str, str] = {}
        self._lock = threading.RLock()
        self.tracker = Tracker(self)
        self.monitor = Monitor(self)

    def _append(self, *events: e.Event) -> None:
        with self._store.write(durable=True) as ledger:
            for event in events:
                ledger.append(event)

    def created(self, agent_id: str, name: str, role: object, model: str | None = None) -> None:
        """An agent was made; told twice, it is recorded once."""
        with self._lock:
            if agent_id in self._steps:
                return
            ours = role_of(role)
            step = next((s for s in self._free if s.split("-")[0] == ours.value), ours.value)
            self._free = [s for s in self._free if s != step]
            self._steps[agent_id] = step
            ids = {"task_id": self.task_id, "agent_id": agent_id}
            shown = model or UNKNOWN_MODEL
            self._append(e.AgentCreated(**ids, step=step, role=ours, name=name, model=shown, runtime=Runtime.ATTACHED))

    def started(self, agent_id: str) -> None:
        with self._lock:
            self._append(
                e.AgentMoved(task_id=self.task_id, agent_id=agent_id, to=AgentStatus.ACTIVE),
                e.StepMoved(task_id=self.task_id, step=self._steps[agent_id], to=StepStatus.ACTIVE),
            )

    def does(self, agent_id: str, words: str) -> None:
        self._append(e.Activity(task_id=self.task_id, agent_id=agent_id, words=words))

    def ended(self, agent_id: str, *, error: str | None = None) -> None:
        """An agent ended. Theirs is called completed right after it failed: the first word counts."""
        with self._lock:
            if agent_id in self._ended:
                return
            self._ended.add(agent_id)
            to, step_to = (
                (AgentStatus.COMPLETED, StepStatus.COMPLETED)
                if error is None
                else (AgentStatus.FAILED, StepStatus.FAILED)
            )
            step = self._steps[agent_id]
            self._append(
                e.AgentMoved(task_id=self.task_id, agent_id=agent_id, to=to, why=error or ""),
                e.StepMoved(task_id=self.task_id, step=step, to=step_to, why=error or ""),
            )

    def metered(self, agent_id: str, metrics: Any, model: str | None) -> None:
        """Its running totals: one growing entry an agent, so that nothing is counted twice."""
        tokens = Tokens(
            input=metrics.input_tokens,
            output=metrics.output_tokens,
            cache_read=metrics.cache_read_input_tokens,
            cache_write_5m=metrics.cache_creation_input_tokens,
        )
        ids = {"task_id": self.task_id, "agent_id": agent_id}
        cost = from_usd(metrics.total_cost)
        self._append(
            e.MessageMetered(
                **ids, message_id=f"attached:{agent_id}", model=model or UNKNOWN_MODEL, tokens=tokens, cost_nanousd=cost
            ),
            e.TotalReported(**ids, session_id=agent_id, total_nanousd=cost),
        )

    def finish(self, *, success: bool, result: str = "", error: str = "") -> None:
        """The task ended; steps that never ran are skipped."""
        to = TaskStatus.COMPLETED if success else TaskStatus.FAILED
        skipped = [e.StepMoved(task_id=self.task_id, step=s, to=StepStatus.SKIPPED) for s in self._free]
        self._append(*skipped, e.TaskMoved(task_id=self.task_id, to=to, why=error, result=result))

    def cancelled(self, why: str) -> None:
        """Their task was cancelled: they write no state for that, so we do."""
        live = [agent for agent in self._steps if agent not in self._ended]
        moves: list[e.Event] = []
        for agent_id in live:
            self._ended.add(agent_id)
            moves.append(e.AgentMoved(task_id=self.task_id, agent_id=agent_id, to=AgentStatus.CANCELLED, why=why))
            step = self._steps[agent_id]
            moves.append(e.StepMoved(task_id=self.task_id, step=step, to=StepStatus.CANCELLED, why=why))
        self._append(*moves, e.TaskMoved(task_id=self.task_id, to=TaskStatus.CANCELLED, why=why))


class Tracker:
    """Stands where the orchestrator expects its progress tracker; every method is sync and none raises."""

    def __init__(self, run: Attached) -> None:
        self._run = run

    def start(self, workflow_steps: Sequence[str] | None = None) -> None:
        """Theirs opens a display here; the task is already open."""

    def stop(self) -> None:
        """Theirs closes its display here; `Attached.finish` ends the task."""

    def update(self) -> None:
        """Theirs redraws here; our pages hear of each commit."""

    @_never_raises
    def agent_created(self, agent_id: str, name: str, role: object) -> None:
        self._run.created(agent_id, name, role)

    @_never_raises
    def agent_started(self, agent_id: str) -> None:
        self._run.started(agent_id)

    @_never_raises
    def agent_activity(self, agent_id: str, text: str) -> None:
        self._run.does(agent_id, text)

    @_never_raises
    def thinking(self, agent_id: str) -> None:
        self._run.does(agent_id, "thinking")

    @_never_raises
    def tool_call(self, agent_id: str, tool_name: str) -> None:
        call = e.ToolCalled(
            task_id=self._run.task_id,
            agent_id=agent_id,
            tool_use_id=uuid.uuid4().hex,
            tool=tool_name,
            words=f"using {tool_name}",
            input_blob="",
        )
        self._run._append(call)

    @_never_raises
    def agent_completed(self, agent_id: str, cost: float) -> None:
        """The cost comes with the monitor's snapshot, which has the tokens too."""
        self._run.ended(agent_id)

    @_never_raises
    def agent_failed(self, agent_id: str, error: str) -> None:
        self._run.ended(agent_id, error=error or "The agent failed.")


class Monitor:
    """Stands where the orchestrator expects its agent monitor: it awaits these, and hands over whole agents."""

    def __init__(self, run: Attached) -> None:
        self._run = run

    async def log_agent_created(self, agent: Any) -> None:
        created = _never_raises(self._run.created)
        created(agent.agent_id, agent.config.name, agent.config.role, agent.config.model)

    async def log_task_completed(self, agent: Any, description: str) -> None:
        """The last look at the agent's figures: it is deleted right after."""
        _never_raises(self._run.metered)(agent.agent_id, agent.metrics, agent.config.model)

    async def log_status_change(self, agent: Any, old: object, new: object) -> None:
        """Their own executor never calls this; a program around it may."""
        word = str(getattr(new, "value", new))
        if UPSTREAM_STATUS.get(word) is AgentStatus.FAILED:
            _never_raises(self._run.ended)(agent.agent_id, error="The agent failed.")

    async def log_agent_deleted(self, agent: Any) -> None:
        """They delete an agent as soon as its task ends; ours stays, as history."""

    async def log_error(self, agent: Any, error: BaseException) -> None:
        _never_raises(self._run.ended)(agent.agent_id, error=str(error) or type(error).__name__)
