"""What work would have cost otherwise, over HTTP: ranges with their assumption, never points."""

from __future__ import annotations

from collections.abc import Callable
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
from orchestrator_adapter.api.measure import SpendingFilter, WindowShape
from orchestrator_adapter.api.outcome_answers import Shape
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.what_if import Found


class WhatIfQuery(Sent):
    """With which model, at the prices of which day."""

    model: str | None = Field(None, max_length=200, description="The usual ones if it is missing")
    day: date | None = Field(None, alias="date", description="A day of UTC; today if it is missing")


class SpendingQuery(SpendingFilter):
    """Which spending; with which model, at the prices of which day."""

    other_model: str | None = Field(None, max_length=200, description="The usual ones if it is missing")
    day: date | None = Field(None, alias="date", description="A day of UTC; today if it is missing")


class OtherwiseShape(Shape):
    what: Literal["model", "date", "cache", "analyst"]
    title: str
    cost_usd: RangeShape | None
    """Null where it is not known; the assumption says why."""
    assumption: str
    exact: bool
    """Whether both ends are the same, because nothing in it is uncertain under the assumption."""
    left_out_replies: int
    """Replies that have no price in this way; they are not in it."""
    against_usd: float
    """What the replies that are in it did cost."""


class WhatIfShape(Shape):
    cost_usd: float
    """What the replies did cost that have a known price."""
    unpriced_replies: int
    """In none of the figures."""
    simulated: bool
    answers: list[OtherwiseShape]


class SpendingWhatIf(WhatIfShape):
    window: WindowShape


def of_task(call: Call, query: WhatIfQuery) -> Answer:
    return answer(told(what_if.of_task(call.deck, call.id(TaskNotFound), query.model, query.day)))


def of_agent(call: Call, query: WhatIfQuery) -> Answer:
    return answer(told(what_if.of_agent(call.deck, call.id(AgentNotFound), query.model, query.day)))


def of_costs(call: Call, query: SpendingQuery) -> Answer:
    found, tell = spending(call.deck, query)
    return answer(tell(found))


def spending(deck: Deck, query: SpendingQuery) -> tuple[Found, Callable[[Found], dict[str, Any]]]:
    """What is found, and how it is told to other programs. Raises WindowInvalid, ModelUnknown, QuestionTooLong."""
    cut = query.cut(deck.store.now())
    window = {"from": cut.window.begin, "to": cut.window.end, "tz": cut.window.zone}
    found = what_if.of_costs(deck, cut, query.other_model, query.day)
    return found, lambda found: {"window": window} | told(found)


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
                "exact": one.exact,
                "left_out_replies": one.left_out,
                "against_usd": to_usd(found.cost_nanousd if one.against_nanousd is None else one.against_nanousd),
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
        Operation(
            "GET",
            f"{v1}/metrics/costs/what-if",
            of_costs,
            "What all spending would have cost with another model, at other prices, without the cache or ANALYSTs",
            SpendingQuery,
            SpendingWhatIf,
            refuses=(e.WindowInvalid, *refuses),
        ),
    ]
