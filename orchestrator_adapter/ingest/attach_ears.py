"""What stands where an existing orchestrator expects its tracker and its monitor; none of it raises."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

from data.domain.agents import UPSTREAM_STATUS, AgentStatus

if TYPE_CHECKING:
    from orchestrator_adapter.ingest.attach import Attached

log = logging.getLogger(__name__)
P = ParamSpec("P")


def _never_raises(callback: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(callback)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except Exception:  # their executor would leave the agent running for ever
            log.exception("An attached orchestrator's callback could not be recorded.")

    return quiet


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
        self._run.calls(agent_id, tool_name)

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
        _never_raises(self._made)(agent)

    def _made(self, agent: Any) -> None:
        """Its executor tells the tracker of its agents; of a planner's agent nobody would tell, but itself."""
        self._run.created(agent.agent_id, agent.config.name, agent.config.role, agent.config.model)
        if getattr(agent, "progress_callback", self) is None:
            agent.progress_callback = functools.partial(self._told, agent)

    def _told(self, agent: Any, event: str, data: str = "") -> None:
        _never_raises(self._hear)(agent, event, data)

    def _hear(self, agent: Any, event: str, data: str) -> None:
        match event:
            case "started":
                self._run.started(agent.agent_id)
            case "thinking":
                self._run.does(agent.agent_id, "thinking")
            case "tool_call":
                self._run.calls(agent.agent_id, data)
            case "completed" | "failed":
                self._run.metered(agent.agent_id, agent.metrics, agent.config.model)
                error = (data or "The agent failed.") if event == "failed" else None
                self._run.ended(agent.agent_id, error=error)

    async def log_task_completed(self, agent: Any, description: str) -> None:
        """The last look at the agent's figures: it is deleted right after."""
        _never_raises(self._run.metered)(agent.agent_id, agent.metrics, agent.config.model)

    async def log_status_change(self, agent: Any, old: object, new: object) -> None:
        """Their own executor never calls this; a program around it may."""
        if _is(new, AgentStatus.FAILED):
            _never_raises(self._run.ended)(agent.agent_id, error="The agent failed.")

    async def log_agent_deleted(self, agent: Any) -> None:
        """They delete an agent as soon as its task ends; ours stays, as history, with its last figures."""
        _never_raises(self._gone)(agent)

    def _gone(self, agent: Any) -> None:
        """Of one that is deleted at work, only the end of the run says what became of it."""
        self._run.metered(agent.agent_id, agent.metrics, agent.config.model)
        if _is(getattr(agent, "status", ""), AgentStatus.FAILED):
            self._run.ended(agent.agent_id, error="The agent failed.")
        elif getattr(agent, "completed_at", None) is not None:
            self._run.ended(agent.agent_id)

    async def log_error(self, agent: Any, error: BaseException) -> None:
        _never_raises(self._run.ended)(agent.agent_id, error=str(error) or type(error).__name__)


def _is(word: object, status: AgentStatus) -> bool:
    return UPSTREAM_STATUS.get(str(getattr(word, "value", word))) is status


class Both:
    """Ours first, then theirs, which stays what it was for everything we do not hear."""

    def __init__(self, ours: object, theirs: object) -> None:
        self._ours, self._theirs = ours, theirs

    def __getattr__(self, name: str) -> Any:
        ours, theirs = getattr(self._ours, name, None), getattr(self._theirs, name)
        if not callable(ours) or not callable(theirs):
            return theirs
        if inspect.iscoroutinefunction(ours):

            async def heard(*args: Any, **kwargs: Any) -> Any:
                await ours(*args, **kwargs)
                told = theirs(*args, **kwargs)
                return await told if inspect.isawaitable(told) else told

            return heard

        def hears(*args: Any, **kwargs: Any) -> Any:
            ours(*args, **kwargs)
            return theirs(*args, **kwargs)

        return hears


PLACES = (
    ("progress_tracker", "tracker"),
    ("executor.progress_tracker", "tracker"),
    ("executor.monitor", "monitor"),
    ("agent_manager.monitor", "monitor"),
    ("planner.agent_manager.monitor", "monitor"),
)
"""Where an orchestrator keeps what it tells: its planner has an agent manager of its own, with no monitor."""


@contextlib.contextmanager
def listening(run: Attached, orchestrator: Any) -> Iterator[None]:
    """Stand in all these places, and hear of its plan; afterwards everything is as it was."""
    before: list[tuple[Any, str, Any]] = []
    for path, ours in PLACES:
        *way, name = path.split(".")
        holder = functools.reduce(lambda found, part: getattr(found, part, None), way, orchestrator)
        if holder is not None and hasattr(holder, name):
            before.append((holder, name, getattr(holder, name)))
            heard = getattr(run, ours)
            setattr(holder, name, heard if before[-1][2] is None else Both(heard, before[-1][2]))
    planner = getattr(orchestrator, "planner", None)
    if planner is not None:
        before.append((planner, "plan_task", planner.plan_task))
        planner.plan_task = _telling_its_plan(run, planner.plan_task)
    try:
        yield
    finally:
        for holder, name, theirs in reversed(before):
            setattr(holder, name, theirs)


def _telling_its_plan(run: Attached, plan_task: Callable[..., Any]) -> Callable[..., Any]:
    async def planned(*args: Any, **kwargs: Any) -> Any:
        plan = plan_task(*args, **kwargs)
        plan = await plan if inspect.isawaitable(plan) else plan
        _never_raises(run.planned)(plan)
        return plan

    return planned
