"""A task as it stood at any moment, over HTTP: the same picture as the page's tab Story."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from data.domain import errors as e
from orchestrator_adapter.api import answers, shapes
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.views import story
from orchestrator_adapter.views.story import Opened, Story


class ReplayQuery(Sent):
    """Which moment."""

    at: str | None = Field(
        None,
        max_length=40,
        description="The clock of an event, as in its id, or a time with offset; the newest moment without it. "
        "Before the first event it is that one",
    )


class HappeningShape(Shape):
    clock: str
    at: datetime
    agent: str
    role: str
    kind: str
    words: str


class ReplayShape(Shape):
    task_id: str
    events: int
    """Of the task's log, so far."""
    number: int
    """How many of them lie behind, this one included."""
    clock: str
    at: datetime
    previous: str | None
    """Clock of the last event before it that is worth telling."""
    next: str | None
    task: answers.TaskShape | None
    """As it stood; null if it was read in from log folders, whose moments nobody told."""
    agents: list[answers.AgentShape]
    happened: list[HappeningShape]
    """The last things worth telling, this one last."""


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/tasks/{{id}}/replay",
            replay,
            "How the task and its agents stood after any of its events, or at any time",
            ReplayQuery,
            ReplayShape,
            refuses=(e.TaskNotFound, e.InvalidField),
        )
    ]


def replay(call: Call, query: ReplayQuery) -> Answer:
    store = call.deck.store
    with store.read() as board:
        task_id = board.task(call.id(e.TaskNotFound)).id
        told, opened = story.at(store, board, task_id, query.at)
    return answer(shape(task_id, told, opened))


def shape(task_id: str, told: Story, opened: Opened) -> shapes.Json:
    then, number, last = opened.moment.whole(), opened.number, len(told)
    return {
        "task_id": task_id,
        "events": last,
        "number": number,
        "clock": str(opened.id),
        "at": opened.at,
        "previous": str(told.ids[told.previous(number) - 1]) if number > 1 else None,
        "next": str(told.ids[told.next(number) - 1]) if number < last else None,
        "task": None if then is None else shapes.task(then),
        "agents": [shapes.agent(agent) for agent in opened.moment.everybody()],
        "happened": [
            {
                "clock": str(line.id),
                "at": line.at,
                "agent": line.agent,
                "role": line.role,
                "kind": line.kind,
                "words": line.words,
            }
            for line in opened.lines
        ],
    }
