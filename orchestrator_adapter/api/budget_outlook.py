"""The outlook of a budget over HTTP: where its period will end, and how those before it did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from data.domain import errors as e
from data.domain.budgets import Budget
from data.domain.errors import BudgetNotFound
from data.domain.money import to_usd
from data.warehouse.budgets_history import Outlook
from orchestrator_adapter import budget_outlook
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.http import Answer, Call, Operation, answer


class ProjectionShape(Shape):
    unit: str
    """`usd` or `tokens`."""
    low: float
    """10th percentile of the draws; `high` is the 90th."""
    middle: float
    high: float
    over: float
    """Share of the draws above the limit, 0 to 1."""
    days: int
    """Days that were drawn from."""
    held: int
    """Of `made` such projections made for earlier days, those whose interval held what came."""
    made: int


class PastShape(Shape):
    begin: datetime
    spent_usd: float
    spent_tokens: int
    unusual: bool
    """Far above the periods before it."""


class OutlookShape(Shape):
    ends_at: datetime | None
    """Null, without periods, for a budget in total or of single agents."""
    projection: ProjectionShape | None
    """Null with fewer than 7 whole days of history."""
    periods: list[PastShape]
    """The oldest first; the last one runs."""
    simulated: bool
    words: str


def shape(found: Outlook | None, budget: Budget) -> dict[str, Any]:
    told: dict[str, Any] = {"ends_at": None, "projection": None, "periods": [], "simulated": budget.simulated}
    if found is None:
        return told | {"words": "A budget without periods, or of single agents, has no end to project."}
    told |= {"ends_at": found.end, "words": budget_outlook.sentence(found, budget)}
    told["periods"] = [
        {"begin": p.begin, "spent_usd": to_usd(p.nanousd), "spent_tokens": p.tokens, "unusual": p.unusual}
        for p in found.past
    ]
    if (one := found.projection) is not None:
        amounts = {name: getattr(one, name) for name in ("low", "middle", "high")}
        amounts = {name: to_usd(value) if found.money else value for name, value in amounts.items()}
        counts = {"days": one.days, "held": one.held, "made": one.made, "over": round(one.over, 4)}
        told["projection"] = {"unit": "usd" if found.money else "tokens"} | amounts | counts
    return told


def outlook(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        budget = board.budget(call.id(BudgetNotFound))
    return answer(shape(budget_outlook.outlook(call.deck.store, call.deck.warehouse, budget), budget))


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/budgets/{{id}}/outlook",
            outlook,
            "Where the period of a budget will end, and how those before it did",
            gives=OutlookShape,
            refuses=(BudgetNotFound, e.QuestionTooLong),
        )
    ]
