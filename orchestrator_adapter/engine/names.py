"""How runs, agents and their folders are named: the same inputs give the same names after a crash."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from data.domain.agents import Role, Runtime
from data.domain.events import AgentCreated, StepSpec, TaskSubmitted
from data.domain.tasks import Task
from data.domain.workflows import Step, Workflow, checked

PLAN = "plan"
"""Key of the step in which a planner agent designs the workflow."""

DEFAULT_MODEL = "default"
"""Shown until the agent's first answer names its model."""


def task_run(task_id: str, generation: int = 1) -> str:
    """Id of the engine's workflow for a task."""
    return f"{task_id}#{generation}"


def step_run(task_id: str, step: str, generation: int = 1) -> str:
    """Id of the engine's workflow for a step: the same after a crash, another for a retry."""
    return f"{task_id}/{step}/{generation}"


def earlier(run_id: str) -> list[str]:
    """Ids of the runs of the same step in earlier generations, the last one first."""
    step, _, generation = run_id.rpartition("/")
    return [f"{step}/{n}" for n in range(int(generation) - 1, 0, -1)]


def task_of(run_id: str) -> str:
    return run_id.split("#")[0].split("/")[0]


def worker() -> str:
    """Name of this engine process: new at every start; people know it by machine and number."""
    return f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:4]}"


def agent_id(run_id: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"quarterdeck:{run_id}").hex


def agent_name(step: Step) -> str:
    """`builder-2` becomes Builder 2, the planning step Workflow planner."""
    return "Workflow planner" if step.key == PLAN else step.key.replace("-", " ").capitalize()


def log_dir(logs: Path, task_id: str, agent: str, name: str, at: datetime) -> Path:
    return logs / task_id / f"{agent[:8]}_{name.replace(' ', '_')}_{at:%Y%m%d_%H%M%S}"


def agent_created(logs: Path, task: Task | TaskSubmitted, step: Step, at: datetime) -> AgentCreated:
    """The event with which the agent of a step's run comes to be; a step done once more has another agent."""
    task_id = task.id if isinstance(task, Task) else task.task_id
    agent, name = agent_id(step_run(task_id, step.key, step.generation)), agent_name(step)
    return AgentCreated(
        task_id=task_id,
        agent_id=agent,
        step=step.key,
        role=step.role,
        name=name,
        model=task.model or DEFAULT_MODEL,
        runtime=Runtime(task.runtime),
        log_dir=str(log_dir(logs, task_id, agent, name, at)),
    )


def specs(workflow: Workflow) -> tuple[StepSpec, ...]:
    return tuple(
        StepSpec(key=s.key, role=s.role, scope=s.scope, depends_on=s.depends_on, constraints=s.constraints)
        for s in workflow
    )


def with_planning_step(workflow: Workflow) -> Workflow:
    """The workflow behind a first step in which a planner agent may replace it."""
    plan = Step(PLAN, Role.PLANNER, "Design the workflow for this task.")
    rest = (replace(s, depends_on=s.depends_on or (PLAN,)) for s in workflow)
    return checked((plan, *rest))
