"""An invoice beside what was counted, over HTTP and for the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from data.domain import errors as e
from data.domain import invoices
from data.domain.money import to_usd
from data.warehouse import invoices as questions
from data.warehouse.costs import DRIFT_PERCENT
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer


class InvoiceBody(Sent):
    """An invoice as CSV."""

    csv: str = Field(
        max_length=1_000_000,
        description=f"The day in {', '.join(invoices.DAY_NAMES)}; dollars in {', '.join(invoices.COST_NAMES)}",
    )
    limit_percent: float = Field(DRIFT_PERCENT, gt=0, le=1_000, description="From so much apart on it is `beyond`")


class InvoiceDay(Shape):
    day: date
    billed_usd: float
    counted_usd: float
    drift_percent: float | None
    """Null where nothing was counted."""


class InvoiceShape(Shape):
    billed_usd: float
    counted_usd: float
    drift_percent: float | None
    limit_percent: float
    beyond: bool
    """Whether they are so far apart that somebody should look."""
    unpriced_replies: int
    """Replies whose price is not known: they are billed and not counted."""
    days: list[InvoiceDay]


def compare(call: Call, body: InvoiceBody) -> Answer:
    return answer(told(call, body))


def told(call: Call, body: InvoiceBody) -> dict[str, Any]:
    """The same for every front end."""
    billed = invoices.read(body.csv)
    found: questions.Compared = call.deck.warehouse.ask(questions.compared, billed, body.limit_percent)
    return {
        **_figures(found),
        "limit_percent": found.limit_percent,
        "beyond": found.beyond,
        "unpriced_replies": found.unpriced,
        "days": [{"day": one.day, **_figures(one)} for one in found.days],
    }


def _figures(found: questions.Compared | questions.Day) -> dict[str, Any]:
    return {
        "billed_usd": to_usd(found.billed_nanousd),
        "counted_usd": to_usd(found.counted_nanousd),
        "drift_percent": None if found.drift is None else round(found.drift, 3),
    }


def operations(v1: str, more: tuple[type[e.FleetError], ...]) -> tuple[Operation, ...]:
    return (
        Operation(
            "POST",
            f"{v1}/metrics/costs/invoice",
            compare,
            "Compare an invoice with what was counted",
            InvoiceBody,
            InvoiceShape,
            refuses=(e.BodyInvalid, e.BodyTooLarge, e.InvalidField, e.WindowInvalid, e.QuestionTooLong, *more),
        ),
    )
