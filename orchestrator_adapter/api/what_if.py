"""What a task or an agent would have cost otherwise, over HTTP: ranges with their assumption, never points."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from data.domain import errors as e
from data.domain.errors import AgentNotFound, TaskNotFound
from data.domain.money import to_usd
from orchestrator_adapter import what_if
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.estimates import RangeShape
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.outcome_answers import Shape
from orchestrator_adapter.what_if import Found


class WhatIfQuery(Sent):
    """With which model, at the prices of which day."""

    model: str | None = Field(None, max_length=200, description="The usual ones if it is missing")
    day: date | None = Field(None, alias="date", description="A day of UTC; today if it is missing")


class OtherwiseShape(Shape):
    what: Literal["model", "date", "cache", "analyst"]
    title: str
    cost_usd: RangeShape | None
    """Null where it is not known; the assumption says why."""
    assumption: str


class WhatIfShape(Shape):
    cost_usd: float
    """What the replies did cost that have a known price."""
    unpriced_replies: int
    """In none of the figures."""
    simulated: bool
    answers: list[OtherwiseShape]


def of_task(call: Call, query: WhatIfQuery) -> Answer:
    return answer(told(what_if.of_task(call.deck, call.id(TaskNotFound), query.model, query.day)))


def of_agent(call: Call, query: WhatIfQuery) -> Answer:
    return answer(told(what_if.of_agent(call.deck, call.id(AgentNotFound), query.model, query.day)))


def told(found: Found) -> dict[str, Any]:
    """The same for every front end."""
    return {
        "cost_usd": to_usd(found.cost_nanousd),
        "unpriced_replies": found.unpriced,
        "simulated": found.simulated,
        "answers": [
            {
                "what": one.what,
                "title": one.title,
                "cost_usd": one.cost and {"low": to_usd(one.cost.low), "high": to_usd(one.cost.high)},
                "assumption": one.assumption,
            }
            for one in found.answers
        ],
    }


def operations(v1: str) -> list[Operation]:
    refuses = (e.ModelUnknown, e.QuestionTooLong)
    return [
        Operation(
            "GET",
            f"{v1}/tasks/{{id}}/what-if",
            of_task,
            "What a task would have cost with another model, at other prices, without the cache, without its ANALYST",
            WhatIfQuery,
            WhatIfShape,
            refuses=(e.TaskNotFound, *refuses),
        ),
        Operation(
            "GET",
            f"{v1}/agents/{{id}}/what-if",
            of_agent,
            "What an agent would have cost with another model, at other prices, without the cache",
            WhatIfQuery,
            WhatIfShape,
            refuses=(e.AgentNotFound, *refuses),
        ),
    ]
