"""What one event makes of a task, a step or an agent: the new values that the replay goes on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from data.domain import assignment, words
from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, FileChange
from data.domain.event_base import AgentEvent
from data.domain.money import Tokens
from data.domain.tasks import ENDED, Task, TaskStatus


def doing(event: AgentEvent) -> str | None:
    match event:
        case e.Activity():
            return event.words
        case e.SubagentMoved():
            return f"sub-agent {event.to}: {event.words}".rstrip(": ")
        case e.ToolRefused():
            return f"refused: {event.words}"
        case e.StepContinued():
            return "continues its session" if event.session else "begins anew"
        case e.AgentTold():
            return words.shortened(f"told by {event.by}: {event.words}", 200)
    return None


def sums(one: Task | Agent, tokens: Tokens, cost: int, unpriced: int) -> Mapping[str, object]:
    return {
        "tokens": one.tokens + tokens,
        "cost_nanousd": one.cost_nanousd + cost,
        "unpriced_messages": one.unpriced_messages + unpriced,
    }


def submitted(at: datetime, event: e.TaskSubmitted) -> Task:
    return Task(
        id=event.task_id,
        description=event.description,
        task_type=event.task_type,
        status=TaskStatus.PENDING,
        complexity=event.complexity,
        complexity_reasons=event.complexity_reasons,
        analyst_choice=event.analyst_choice,
        analyst_included=event.analyst_included,
        analyst_reason=event.analyst_reason,
        workflow=(),
        current_step=None,
        working_directory=event.working_directory,
        runtime=event.runtime,
        simulated=event.runtime.simulated,
        model=event.model,
        permission_mode=event.permission_mode,
        created_by=event.by,
        created_at=at,
        budget_nanousd=event.budget_nanousd,
        scenario=event.scenario,
        ai_planner=event.ai_planner,
        rerun_of=event.rerun_of,
        ask_tools=event.ask_tools,
        priority=event.priority,
        assignment=assignment.of(event),
        borderline=event.borderline,
    )


def created(at: datetime, event: e.AgentCreated) -> Agent:
    return Agent(
        id=event.agent_id,
        task_id=event.task_id,
        step=event.step,
        role=event.role,
        name=event.name,
        model=event.model,
        status=AgentStatus.IDLE,
        activity="",
        runtime=event.runtime,
        simulated=event.runtime.simulated,
        created_at=at,
        log_dir=event.log_dir,
    )


def moved(task: Task, at: datetime, event: e.TaskMoved) -> Task:
    values: dict[str, object] = {"status": event.to}
    if event.to is TaskStatus.IN_PROGRESS:
        values["started_at"] = task.started_at or at
    if event.to in ENDED:
        error = event.why if event.to is not TaskStatus.COMPLETED else None
        values |= {
            "ended_at": not_before(at, task.started_at),
            "current_step": None,
            "result": event.result,
            "error": error,
        }
    return replace(task, **values)  # type: ignore[arg-type]


def not_before(at: datetime, started_at: datetime | None) -> datetime:
    """Nothing ends before it began, even if the machine's clock was set back meanwhile."""
    return at if started_at is None else max(at, started_at)


def to_ms(at: datetime) -> datetime:
    """Times lie in the store to the millisecond."""
    return datetime.fromtimestamp(round(at.timestamp() * 1000) / 1000, UTC)


def by_change(touched: Iterable[tuple[str, FileChange]]) -> dict[str, list[str]]:
    """Paths by what was done to them; a file that was created is not also called modified."""
    out: dict[str, set[str]] = {}
    for path, change in touched:
        out.setdefault(change.value, set()).add(path)
    if "created" in out:
        out["modified"] = out.get("modified", set()) - out["created"]
    return {change: sorted(paths) for change, paths in out.items() if paths}
