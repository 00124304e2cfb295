"""The story of one made-up task, event by event, as the engine would have written it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.outcomes import OutcomeField
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from orchestrator_adapter.engine import names
from orchestrator_adapter.engine.closing import JUDGES
from orchestrator_adapter.seed.agents import AgentStory
from orchestrator_adapter.seed.lives import Fate, Life

Keep = Callable[[bytes], str]
CANCELLED_WHY = "The task was cancelled."


@dataclass(frozen=True)
class Happening:
    """One event and when it happened."""

    at: datetime
    event: e.Event


def happenings(life: Life, keep: Keep) -> list[Happening]:
    """Everything that happened to a task, oldest first."""
    told = [at(life, seconds, event) for seconds, event in _told(life, keep)]
    return sorted(told, key=lambda happening: happening.at)


def at(life: Life, seconds: float, event: e.Event) -> Happening:
    return Happening(life.start + timedelta(milliseconds=round(seconds * 1000)), event)


def _told(life: Life, keep: Keep) -> Iterator[tuple[float, e.Event]]:
    task_id = life.submitted.task_id
    yield 0, life.submitted
    yield min(run.begins_s for run in life.runs) - 0.1, e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS)
    stories = [AgentStory(life, run, keep) for run in life.runs]
    if life.fate is Fate.CANCELLED:
        yield from _cancelled(life)
    for story in stories:
        yield from step(life, story)
    if life.fate is not Fate.CANCELLED:
        yield from _closed(life, stories)


def step(life: Life, story: AgentStory) -> Iterator[tuple[float, e.Event]]:
    """One step from its agent's creation to its end."""
    task_id, run = life.submitted.task_id, story.run
    yield run.begins_s, story.created()
    yield run.begins_s, e.StepMoved(task_id=task_id, step=run.step.key, to=StepStatus.ACTIVE)
    yield run.begins_s, story.moved(AgentStatus.ACTIVE)
    yield from story.worked()
    agent_end, step_end = _ENDS[run.fate]
    why = CANCELLED_WHY if run.fate is Fate.CANCELLED else story.why
    yield run.ends_s, story.moved(agent_end, why, story.answer or None)
    yield run.ends_s, e.StepMoved(task_id=task_id, step=run.step.key, to=step_end, why=why)
    if run.step.role in JUDGES and run.fate in (Fate.DONE, Fate.VERDICT):
        said: dict[OutcomeField, bool | int | str | None] = {JUDGES[run.step.role]: run.fate is Fate.DONE}
        yield run.ends_s, e.OutcomeRecorded(task_id=task_id, values=said, by=run.step.key, automatic=True, why=why)
    if run.step.key == names.PLAN and life.replanned:
        behind = names.with_planning_step(life.replanned)[1:]
        yield run.ends_s + 0.1, _planned(life, names.specs(behind))


def _planned(life: Life, workflow: tuple[e.StepSpec, ...]) -> e.TaskPlanned:
    included = life.submitted.analyst_included
    return e.TaskPlanned(
        task_id=life.submitted.task_id,
        workflow=workflow,
        rationale="The change and its description touch different files, so they can go side by side.",
        analyst_included=included,
        analyst_reason=f"The planner put the ANALYST {'in' if included else 'out'}.",
    )


_ENDS = {
    Fate.DONE: (AgentStatus.COMPLETED, StepStatus.COMPLETED),
    Fate.CANCELLED: (AgentStatus.CANCELLED, StepStatus.CANCELLED),
    Fate.VERDICT: (AgentStatus.FAILED, StepStatus.FAILED),
    Fate.SERVICE: (AgentStatus.FAILED, StepStatus.FAILED),
    Fate.REFUSED: (AgentStatus.FAILED, StepStatus.FAILED),
}


def _cancelled(life: Life) -> Iterator[tuple[float, e.Event]]:
    """A person stops the task; its agents end a moment later."""
    submitted, begun = life.submitted, {run.step.key for run in life.runs}
    at_s = max(run.ends_s for run in life.runs) - 0.3
    why = f"Cancelled by {submitted.by}."
    yield at_s, e.TaskMoved(task_id=submitted.task_id, to=TaskStatus.CANCELLED, why=why, by=submitted.by)
    for step in submitted.workflow if life.replanned is None else names.with_planning_step(life.replanned):
        if step.key not in begun:
            yield at_s, e.StepMoved(task_id=submitted.task_id, step=step.key, to=StepStatus.CANCELLED)


def _closed(life: Life, stories: list[AgentStory]) -> Iterator[tuple[float, e.Event]]:
    """The engine's last words: completed with the last answers, or failed with the reason."""
    task_id = life.submitted.task_id
    workflow = life.submitted.workflow if life.replanned is None else names.with_planning_step(life.replanned)
    failed = next((story for story in stories if story.why), None)
    if failed is None:
        needed = {key for step in workflow for key in step.depends_on}
        result = "\n\n".join(story.answer for story in stories if story.run.step.key not in needed)
        yield life.ends_s, e.TaskMoved(task_id=task_id, to=TaskStatus.COMPLETED, result=result)
        return
    key = failed.run.step.key
    for step in workflow:
        if step.key not in {run.step.key for run in life.runs}:
            why = f"Not started, because {key} failed."
            yield life.ends_s, e.StepMoved(task_id=task_id, step=step.key, to=StepStatus.SKIPPED, why=why)
    yield life.ends_s, e.TaskMoved(task_id=task_id, to=TaskStatus.FAILED, why=f"{key} failed: {failed.why}")
