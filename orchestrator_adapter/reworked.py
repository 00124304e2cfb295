"""When a task's work was done again, as far as the fleet itself knows: run again as a new task, or a step retried."""

from __future__ import annotations

from data.domain import events as e
from data.domain.errors import TaskNotFound
from data.domain.tasks import Task, TaskStatus
from data.store import Board, Ledger

_CAME_TO_AN_END = (TaskStatus.COMPLETED, TaskStatus.FAILED)


def by_rerun(ledger: Ledger, again: e.TaskSubmitted) -> e.OutcomeRecorded | None:
    """What a re-run says of the task that it does once more; nothing of one that was cancelled or still runs."""
    if again.rerun_of is None:
        return None
    try:
        task = Board(ledger.connection).task(again.rerun_of)
    except TaskNotFound:
        return None
    if task.status not in _CAME_TO_AN_END:
        return None
    values: dict[str, bool | str] = {"reworked": True, "rework_task": again.task_id}
    return _told(task, values, again.by, "It was run again as a new task.")


def by_retry(task: Task, from_step: str | None, by: str) -> e.OutcomeRecorded | None:
    """What a retry says of a task that had completed; going on with one that failed is no rework."""
    if from_step is None or task.status is not TaskStatus.COMPLETED:
        return None
    return _told(task, {"reworked": True}, by, f"It was done again from step {from_step}.")


def _told(task: Task, values: dict[str, bool | str], by: str, why: str) -> e.OutcomeRecorded:
    return e.OutcomeRecorded.model_validate(
        {"task_id": task.id, "values": values, "by": by, "automatic": True, "why": why}
    )
