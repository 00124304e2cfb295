"""The outcome of a task over HTTP: what is known of it, who said so, and correcting it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from data.domain import errors as e
from data.domain.outcome_events import OutcomeField
from orchestrator_adapter import commands_outcome
from orchestrator_adapter.api import shapes
from orchestrator_adapter.api.bodies import Nothing, Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.outcome_answers import OutcomeFields, Shape


class OutcomeBody(Sent):
    """What is said of a task's outcome: a field that is left out stays, null takes it back."""

    tests_passed: StrictBool | None = None
    review_passed: StrictBool | None = None
    score: StrictInt | None = Field(None, description="A person's word, from 1 to 5")
    note: str | None = None
    merged: StrictBool | None = Field(None, description="Whether the change was taken over where it belongs")
    reworked: StrictBool | None = Field(None, description="Whether the work was done again")
    rework_task: Annotated[str, Field(max_length=64)] | None = Field(None, description="The later task that did it")


class OutcomeChangeShape(Shape):
    at: datetime
    by: str
    """A person, or the step that said so."""
    automatic: bool
    """Whether it was recorded by itself."""
    why: str
    values: dict[OutcomeField, bool | int | str | None]


class TaskOutcomeShape(Shape):
    task_id: str
    outcome: OutcomeFields
    changes: list[OutcomeChangeShape]
    """Who said what, the newest first."""


def outcome(call: Call, _: Nothing) -> Answer:
    task_id = call.id(e.TaskNotFound)
    with call.deck.store.read() as board:
        task, changes = board.task(task_id), board.outcome_changes(task_id)
    told = [
        {"at": one.at, **one.event.model_dump(include={"by", "automatic", "why", "values"}, mode="json")}
        for one in changes
    ]
    return answer({"task_id": task_id, "outcome": shapes.outcome(task), "changes": told})


def record_outcome(call: Call, body: OutcomeBody) -> Answer:
    values = {name: getattr(body, name) for name in body.model_fields_set}
    commands_outcome.record_outcome(call.deck, call.actor, call.id(e.TaskNotFound), values)
    return outcome(call, Nothing())


def operations(v1: str, change: tuple[type[e.FleetError], ...]) -> list[Operation]:
    one = f"{v1}/tasks/{{id}}/outcome"
    refuses: tuple[type[e.FleetError], ...] = (e.TaskNotFound, e.BodyInvalid, *change)
    return [
        Operation(
            "GET", one, outcome, "How good its work was, and who said so", gives=TaskOutcomeShape, refuses=refuses[:1]
        ),
        Operation(
            "PATCH",
            one,
            record_outcome,
            "Say how good its work was; what is not sent stays, null takes a value back",
            OutcomeBody,
            TaskOutcomeShape,
            refuses=refuses,
        ),
    ]
