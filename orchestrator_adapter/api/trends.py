"""How money, work and success change, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pydantic import Field

from data.domain import errors as e
from data.domain import windows
from data.domain.money import to_usd
from data.domain.windows import Grain, Preset
from data.warehouse import trends as questions
from data.warehouse.performance import edge_s
from data.warehouse.trends import Trends
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.measure import CostQuery, WindowShape, window
from orchestrator_adapter.api.performance import share


class TrendQuery(CostQuery):
    """Which work, and by which steps of time; 90 days unless `from` or `to` say otherwise."""

    by: Grain = Field(Grain.DAY, description="What one item is of")  # type: ignore[assignment]
    simulated: bool = Field(False, description="Simulated work (demos) instead of real work; never both")

    def span(self, now: datetime) -> windows.Window:
        """Raises WindowInvalid."""
        if self.since is None and self.until is None:
            return windows.last(Preset.QUARTER, now, self.tz)
        return window(self.since, self.until, self.tz, now)


class SpanShape(Shape):
    days: int
    """Up to the end of the window."""
    cost_usd: float
    before_usd: float
    """Of as many days before."""
    unpriced_replies: int


class TrendItem(Shape):
    """One step of time; tasks that ended are those of this fleet, by when they ended."""

    name: datetime
    cost_usd: float
    tokens: int
    replies: int
    tasks_created: int
    agents_created: int
    completed: int
    failed: int
    cancelled: int
    success_share: float | None
    p50_s: float | None
    """Half of the completed tasks took at most this long."""
    p95_s: float | None
    ended_cost_usd: float
    """What the tasks that completed or failed had cost in all."""


class HourShape(Shape):
    weekday: int = Field(ge=0, le=6)
    """0 is Monday, by the clocks of the zone."""
    hour: int = Field(ge=0, le=23)
    tasks: int
    replies: int
    cost_usd: float


class TaskLengthShape(Shape):
    task_type: str
    from_s: float
    until_s: float
    tasks: int


class WayShape(Shape):
    """Tasks created in a step of time on which these roles worked, in this order."""

    name: datetime
    roles: list[str]
    tasks: int
    completed: int
    failed: int
    with_analyst: int


class TrendShape(Shape):
    window: WindowShape
    clock: int
    by: str
    simulated: bool
    spans: list[SpanShape]
    items: list[TrendItem]
    hours: list[HourShape]
    durations: list[TaskLengthShape]
    workflows: list[WayShape]


def trends(call: Call, query: TrendQuery) -> Answer:
    return answer(told(call, query))


def told(call: Call, query: TrendQuery) -> dict[str, Any]:
    """The same for every front end. Raises WindowInvalid, QuestionTooLong."""
    now = call.deck.store.now()
    asked = query.span(now)
    cut = query.model_copy(update={"since": asked.begin, "until": asked.end}).cut(now)
    standing = call.deck.warehouse.refresh()
    found: Trends = call.deck.warehouse.ask(questions.page, cut, query.by, as_of=standing)
    return {
        "window": {"from": asked.begin, "to": asked.end, "tz": asked.zone},
        "clock": standing.clock,
        "by": query.by,
        "simulated": cut.simulated,
        "spans": [
            {
                "days": span.days,
                "cost_usd": to_usd(span.cost_nanousd),
                "before_usd": to_usd(span.before_nanousd),
                "unpriced_replies": span.unpriced,
            }
            for span in found.spans
        ],
        "items": _items(found),
        "hours": [
            {name: row[name] for name in ("weekday", "hour", "tasks", "replies")} | {"cost_usd": _usd(row)}
            for row in found.hours.to_dict("records")
        ],
        "durations": [
            {
                "task_type": row["name"],
                "from_s": round(edge_s(int(row["step"])), 3),
                "until_s": round(edge_s(int(row["step"]) + 1), 3),
                "tasks": row["tasks"],
            }
            for row in found.lengths.to_dict("records")
        ],
        "workflows": [
            {"name": _at(row["at"]), "roles": row["name"].split(" > ")}
            | {name: row[name] for name in ("tasks", "completed", "failed", "with_analyst")}
            for row in found.workflows.to_dict("records")
        ],
    }


def _usd(row: dict[str, Any]) -> float:
    return to_usd(int(row["cost_nanousd"]))


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _items(found: Trends) -> list[dict[str, Any]]:
    """What is told of each step in which anything happened."""
    spend, created, ended = (_by_step(frame) for frame in (found.spend, found.created, found.ended))
    return [
        _item(at, spend.get(at, {}), created.get(at, {}), ended.get(at, {}))
        for at in sorted({*spend, *created, *ended})
    ]


def _by_step(found: pd.DataFrame) -> dict[int, dict[str, Any]]:
    return {int(row["at"]): row for row in found.to_dict("records")}


def _item(at: int, spend: dict[str, Any], created: dict[str, Any], ended: dict[str, Any]) -> dict[str, Any]:
    done, bad = int(ended.get("completed", 0)), int(ended.get("failed", 0))
    return {
        "name": _at(at),
        "cost_usd": to_usd(int(spend.get("cost_nanousd", 0))),
        "tokens": int(spend.get("tokens", 0)),
        "replies": int(spend.get("replies", 0)),
        "tasks_created": int(created.get("tasks", 0)),
        "agents_created": int(created.get("agents", 0)),
        "completed": done,
        "failed": bad,
        "cancelled": int(ended.get("cancelled", 0)),
        "success_share": share(done, done + bad),
        "p50_s": int(ended["p50_ms"]) / 1000 if done else None,
        "p95_s": int(ended["p95_ms"]) / 1000 if done else None,
        "ended_cost_usd": to_usd(int(ended.get("cost_nanousd", 0))),
    }


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/metrics/trends",
            trends,
            "How spending, new work, success, speed and workflows change, and when in the week the fleet is busy",
            TrendQuery,
            TrendShape,
            refuses=(e.WindowInvalid, e.QuestionTooLong),
        )
    ]
