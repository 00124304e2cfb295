"""What going on means for each step: kept if it is paid for, else done, or done once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from data.domain import events as e
from data.domain import workflows
from data.domain.agents import Agent, AgentStatus
from data.domain.errors import InvalidField, StillRunning, TooLate
from data.domain.tasks import RESUMABLE, Draft, Task, TaskStatus
from data.domain.workflows import Step, StepStatus
from data.store import Ledger, StepRun
from orchestrator_adapter.engine import names


def plan(
    task: Task, agents: Sequence[Agent], from_step: str | None, by: str, *, stopping: bool = False
) -> list[e.Event]:
    """The events of a resume, the last of which sets the task going; `stopping`: agents that live were told to stop.

    Raises TooLate for a task that is running, InvalidField for an unknown step or one that cannot be done again yet.
    """
    if task.status not in RESUMABLE:
        raise TooLate(f"A task that is {task.status} cannot be resumed.", task_id=task.id, status=task.status.value)
    again = _again(task, from_step)
    idle = [agent for agent in agents if agent.status is AgentStatus.IDLE]
    live = {agent.step for agent in agents if agent.live and agent not in idle}
    waited_for = {step.key for step in again if step.status is not StepStatus.ACTIVE or from_step or stopping}
    if blocked := live & waited_for:
        raise StillRunning(f"The agent of step {', '.join(sorted(blocked))} is still being stopped; try again soon.")
    again = [step for step in again if step.key not in live]
    kept = tuple(step.key for step in task.workflow if step.status is StepStatus.COMPLETED and step not in again)
    # always another generation: the engine may know the old one, and what it knows is never run again
    resets = [e.StepReset(task_id=task.id, step=step.key, generation=step.generation + 1) for step in again]
    why = f"From {from_step}." if from_step else ""
    unused = [
        e.AgentMoved(task_id=task.id, agent_id=agent.id, to=AgentStatus.CANCELLED, why="It had not begun.")
        for agent in idle
    ]
    return [
        *unused,
        *resets,
        e.TaskResumed(task_id=task.id, kept_steps=kept, kept_nanousd=_cost(task, agents, kept), by=by, why=why),
    ]


def _again(task: Task, from_step: str | None) -> list[Step]:
    """The steps that are to be done: all that are not completed, or one and whatever depends on it."""
    open_ones = {step.key for step in task.workflow if step.status is not StepStatus.COMPLETED}
    if from_step is not None:
        known = [step.key for step in task.workflow]
        if from_step not in known:
            raise InvalidField(f"from_step must be one of {', '.join(known)}, not {from_step!r}.", field="from_step")
        open_ones |= workflows.descendants(task.workflow, from_step)
    elif task.status is TaskStatus.COMPLETED:
        raise TooLate("The task is completed; name the step to go on from, or run it again as a new task.")
    return [step for step in task.workflow if step.key in open_ones]


def _cost(task: Task, agents: Sequence[Agent], kept: Iterable[str]) -> int:
    """What the kept steps cost in the runs that count."""
    ids = {
        names.agent_id(names.step_run(task.id, step.key, step.generation))
        for step in task.workflow
        if step.key in set(kept)
    }
    return sum(agent.cost_nanousd for agent in agents if agent.id in ids)


def draft_of(task: Task) -> Draft:
    """What was asked for, so that it can be asked for again."""
    return Draft(
        description=task.description,
        task_type=task.task_type,
        analyst=task.analyst_choice,
        working_directory=task.working_directory,
        runtime=task.runtime,
        model=task.model,
        budget_nanousd=task.budget_nanousd,
        scenario=task.scenario,
        ai_planner=task.ai_planner,
        permission_mode=task.permission_mode,
        rerun_of=task.id,
        ask_tools=task.ask_tools,
        priority=task.priority,
    )


def begun(ledger: Ledger, run: StepRun) -> StepRun | None:
    """The run whose session is gone on with: this one, or the last one before it if that was broken off."""
    now = ledger.run(run.run_id)
    if now is not None and now.session_id is not None:
        return now
    runs = (before for run_id in names.earlier(run.run_id) if (before := ledger.run(run_id)) and before.session_id)
    last = next(runs, None)
    broken_off = last is not None and (last.outcome is None or last.outcome.get("goes_on"))
    return last if broken_off else None
