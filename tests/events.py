"""Events that many tests begin with."""

from __future__ import annotations

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.tasks import Complexity, TaskType


def submitted(task_id: str = "t1", **fields: object) -> e.TaskSubmitted:
    """A small task of one step; `fields` are what is different about it."""
    values: dict[str, object] = {
        "task_id": task_id,
        "description": f"do {task_id}",
        "task_type": TaskType.BUG_FIX,
        "complexity": Complexity.SIMPLE,
        "analyst_included": False,
        "analyst_reason": "",
        "workflow": (e.StepSpec(key="builder", role=Role.BUILDER, scope="Build"),),
        "working_directory": "/src",
        "runtime": Runtime.CLAUDE,
        "by": "me",
    }
    return e.TaskSubmitted.model_validate(values | fields)
