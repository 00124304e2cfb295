"""The figures that are known of each run, side by side, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pydantic import AwareDatetime, Field

from data.domain import errors as e
from data.domain.money import to_usd
from data.warehouse import costs
from data.warehouse.costs import Cut
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.measure import WindowShape, window

MOST = 200


class FigureQuery(Sent):
    """Which runs: those that were created in the window."""

    since: AwareDatetime | None = Field(None, alias="from", description="Default: midnight 29 days ago")
    until: AwareDatetime | None = Field(None, alias="to", description="Before; default: now")
    tz: str = Field("UTC", max_length=80, description="IANA time zone")
    simulated: bool = Field(False, description="Simulated money instead of real money; they are never added up")
    limit: int = Field(20, ge=1, le=MOST, description="Runs at most, the furthest apart first")


class FigureItem(Shape):
    """One run; a figure that nobody knows is null."""

    task_id: str
    description: str
    runtime: str
    status: str
    created_at: datetime
    counted_usd: float
    """Reply by reply, when each was made."""
    unpriced_replies: int
    reported_usd: float | None
    """What the command line itself says."""
    price_table_usd: float
    """The same tokens by the list of this version."""
    transcript_usd: float | None
    """What the sessions of its agents add up to."""
    transcript_beside_usd: float | None
    """What was counted of the agents that have such a figure."""
    apart_percent: float | None
    """How far the furthest of them is from what was counted."""
    drifting: bool
    """Whether that is as much as the limit, or more."""


class FiguresShape(Shape):
    window: WindowShape
    clock: int
    simulated: bool
    limit_percent: float
    drifting_runs: int
    items: list[FigureItem]


def figures(call: Call, query: FigureQuery) -> Answer:
    return answer(told(call, query))


def told(call: Call, query: FigureQuery) -> dict[str, Any]:
    """The same for every front end. Raises WindowInvalid, QuestionTooLong."""
    asked = window(query.since, query.until, query.tz, call.deck.store.now())
    cut, warehouse = Cut(asked, query.simulated), call.deck.warehouse
    standing = warehouse.refresh()
    found: pd.DataFrame = warehouse.ask(costs.runs, cut, query.limit, as_of=standing)
    return {
        "window": {"from": asked.begin, "to": asked.end, "tz": asked.zone},
        "clock": standing.clock,
        "simulated": query.simulated,
        "limit_percent": costs.DRIFT_PERCENT,
        "drifting_runs": warehouse.ask(costs.drifting, cut, as_of=standing),
        "items": [item(row) for row in found.to_dict("records")],
    }


def item(row: dict[str, Any]) -> dict[str, Any]:
    """One run, from a row of `costs.runs`."""
    counted = int(row["counted_nanousd"])
    has_transcript = not pd.isna(row["transcript_nanousd"])
    return {
        "task_id": row["id"],
        "description": row["description"],
        "runtime": row["runtime"],
        "status": row["status"],
        "created_at": datetime.fromtimestamp(row["created_at_ms"] / 1000, UTC),
        "counted_usd": to_usd(counted),
        "unpriced_replies": int(row["unpriced"]),
        "reported_usd": _maybe(row["reported_nanousd"]),
        "price_table_usd": to_usd(int(row["listed_nanousd"])),
        "transcript_usd": _maybe(row["transcript_nanousd"]),
        "transcript_beside_usd": to_usd(int(row["beside_nanousd"])) if has_transcript else None,
        "apart_percent": round(100 * int(row["apart_nanousd"]) / counted, 3) if counted > 0 else None,
        "drifting": bool(row["drifting"]),
    }


def _maybe(value: Any) -> float | None:
    return None if pd.isna(value) else to_usd(int(value))


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/metrics/figures",
            figures,
            "The figures known of each run side by side, and how far they are apart",
            FigureQuery,
            FiguresShape,
            refuses=(e.WindowInvalid, e.QuestionTooLong),
        )
    ]
