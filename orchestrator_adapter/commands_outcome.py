"""What people say of how good a task's work was, and that they have looked at why it failed."""

from __future__ import annotations

from collections.abc import Mapping

from data.domain import events as e
from data.domain import outcomes
from data.domain.errors import InvalidField, TaskNotFound, TooLate
from data.domain.outcome_events import FailureSeen
from data.domain.outcomes import Value
from data.domain.tasks import Task, TaskStatus
from data.store import Board
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck


def record_outcome(deck: Deck, actor: Actor, task_id: str, values: Mapping[str, Value]) -> Task:
    """Say something about the outcome of a task, or take it back with None; what is not named stays.

    Naming the task that did the work again says that it was reworked, too.
    Raises InvalidField for the first wrong value.
    """
    require(actor, "record_outcome")
    wanted = outcomes.checked(values)
    with deck.store.write(durable=True) as ledger:
        board = Board(ledger.connection)
        task = board.task(task_id)
        if wanted.get("rework_task") is not None:
            _must_be_later(board, task, str(wanted["rework_task"]))
            wanted.setdefault("reworked", True)
        news = {name: value for name, value in wanted.items() if _differs(task, name, value)}
        if news:
            ledger.append(e.OutcomeRecorded.model_validate({"task_id": task_id, "values": news, "by": actor.name}))
        return board.task(task_id)


def see_failure(deck: Deck, actor: Actor, task_id: str) -> Task:
    """Somebody has looked at why the task failed, so it asks for nobody's attention any more.

    Raises TooLate for a task that has not failed.
    """
    require(actor, "see_failure")
    with deck.store.write() as ledger:
        board = Board(ledger.connection)
        task = board.task(task_id)
        if task.status is not TaskStatus.FAILED:
            raise TooLate(f"A task that is {task.status} has no failure to look at.", task_id=task_id)
        if task.seen_by is None:
            ledger.append(FailureSeen(task_id=task_id, by=actor.name))
        return board.task(task_id)


def _differs(task: Task, name: str, value: Value) -> bool:
    """Whether it says something new; a person who confirms what was recorded by itself does."""
    now, mine = getattr(task.outcome, name), name in task.outcome.set_by
    if value in (None, ""):
        return now not in (None, "")
    return now != value or not mine


def _must_be_later(board: Board, task: Task, again: str) -> None:
    if again == task.id:
        raise InvalidField("rework_task must be another task: none does its own work again.", field="rework_task")
    try:
        later = board.task(again)
    except TaskNotFound:
        raise InvalidField(f"rework_task names no task: there is no task {again}.", field="rework_task") from None
    if later.created_at < task.created_at:
        raise InvalidField(f"rework_task must be a later task; {again} is older.", field="rework_task")
