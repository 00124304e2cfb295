"""An invoice beside what was counted, over HTTP and for the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from pydantic import Field

from data.domain import errors as e
from data.domain import invoices
from data.domain.money import to_usd
from data.warehouse import invoices as questions
from data.warehouse.costs import DRIFT_PERCENT
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.figures import MOST, FigureItem, item
from orchestrator_adapter.api.http import Answer, Call, Operation, answer

_SHARE = ("share", "within")


class InvoiceBody(Sent):
    """An invoice as CSV."""

    csv: str = Field(
        max_length=1_000_000,
        description=f"The day in {', '.join(invoices.DAY_NAMES)}; dollars in {', '.join(invoices.COST_NAMES)}; "
        f"the model, if there is a column of it, in {', '.join(invoices.MODEL_NAMES)}",
    )
    limit_percent: float = Field(DRIFT_PERCENT, gt=0, le=1_000, description="From so much apart on it is `beyond`")
    most_runs: int = Field(20, ge=1, le=MOST, description="Runs at most, the furthest apart first")


class InvoiceDay(Shape):
    day: date
    billed_usd: float
    counted_usd: float
    drift_percent: float | None
    """Null where nothing was counted."""


class InvoiceCell(Shape):
    """A day of UTC and a model."""

    day: date
    model: str | None
    """Null: all models of the day, which the invoice does not part."""
    billed_usd: float | None
    """Null where the invoice has no such cell."""
    counted_usd: float
    drift_percent: float | None
    drifting: bool
    """Whether that is as much as the limit, or more."""


class BilledRun(FigureItem):
    """The figures of one run, and its share of the invoice."""

    invoice_share_usd: float | None
    """What was billed for each cell, parted in proportion to what was counted of the runs within it; null where the
    invoice has no cell in which anything was counted of this one."""
    invoice_beside_usd: float | None
    """What was counted of it in the cells that have a share."""
    invoice_drift_percent: float | None
    invoice_drifting: bool


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
    cells: list[InvoiceCell]
    drifting_runs: int
    """Runs whose share and count are as far apart as the limit, or more."""
    shared_usd: float
    """What of the bill is the share of a run, in `runs` or not; with the next two it is the whole bill."""
    unlisted_usd: float
    """The share of runs that no list has, as deleted ones."""
    unshared_usd: float
    """Billed in cells in which nothing was counted."""
    runs: list[BilledRun]


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
        "cells": [_cell(found, one) for one in found.cells],
        "drifting_runs": found.drifting_runs,
        "shared_usd": to_usd(found.shared_nanousd),
        "unlisted_usd": to_usd(found.unlisted_nanousd),
        "unshared_usd": to_usd(found.unshared_nanousd),
        "runs": [_run(row) for row in found.runs.head(body.most_runs).to_dict("records")],
    }


def _cell(found: questions.Compared, one: questions.Cell) -> dict[str, Any]:
    return {
        "day": one.day,
        "model": one.model or None,
        "billed_usd": None if one.billed_nanousd is None else to_usd(one.billed_nanousd),
        "counted_usd": to_usd(one.counted_nanousd),
        "drift_percent": _percent(one.drift),
        "drifting": found.is_drifting(one),
    }


def _run(row: dict[str, Any]) -> dict[str, Any]:
    share, within = (None if pd.isna(row[f"{name}_nanousd"]) else int(row[f"{name}_nanousd"]) for name in _SHARE)
    return {
        **item(row),
        "invoice_share_usd": None if share is None else to_usd(share),
        "invoice_beside_usd": None if within is None else to_usd(within),
        "invoice_drift_percent": None if share is None or within is None else _percent(questions.drift(share, within)),
        "invoice_drifting": bool(row["share_drifting"]),
    }


def _percent(drift: float | None) -> float | None:
    return None if drift is None else round(drift, 3)


def _figures(found: questions.Compared | questions.Day) -> dict[str, Any]:
    return {
        "billed_usd": to_usd(found.billed_nanousd),
        "counted_usd": to_usd(found.counted_nanousd),
        "drift_percent": _percent(found.drift),
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
