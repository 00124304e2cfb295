"""How the fleet works, over HTTP: tokens, cache, tools, durations and success of any window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pydantic import Field

from data.domain import errors as e
from data.domain.windows import Grain
from data.warehouse import performance as questions
from data.warehouse.performance import KINDS, QUANTILES, Performance
from orchestrator_adapter.api.answers import Shape, TokenShape
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.measure import CostQuery, WindowShape


class PerformanceQuery(CostQuery):
    """Which work, and by which steps of time its tokens are told."""

    by: Grain = Field(Grain.DAY, description="What one item is of")  # type: ignore[assignment]
    simulated: bool = Field(False, description="Simulated work (demos) instead of real work; never both")


class PerformanceItem(Shape):
    name: datetime
    """When the stretch of time begins."""
    tokens: TokenShape
    replies: int
    cache_read_share: float | None
    """Of what was read, from 0 to 1; null if nothing was."""


class ToolShape(Shape):
    tool: str
    calls: int
    failed: int
    refused: int
    agents: int


class DurationShape(Shape):
    """Agents that ended in the window: how long they worked, in seconds, what they waited for included."""

    name: str
    agents: int
    failed: int
    p5_s: float
    p25_s: float
    p50_s: float
    p75_s: float
    p95_s: float
    p99_s: float
    longest_s: float


class LengthShape(Shape):
    role: str
    from_s: float
    until_s: float
    agents: int


class SuccessShape(Shape):
    """Tasks of this fleet that ended in the window, whatever the filters of role and model."""

    task_type: str
    completed: int
    failed: int
    cancelled: int
    success_share: float | None
    """Completed of those that completed or failed, from 0 to 1."""
    judged_good: int
    judged_bad: int
    reworked: int
    median_duration_s: float


class DurationsShape(Shape):
    all: DurationShape | None
    by_role: list[DurationShape]
    by_model: list[DurationShape]
    distribution: list[LengthShape]


class PerformanceShape(Shape):
    window: WindowShape
    clock: int
    by: str
    simulated: bool
    tokens: TokenShape
    cache_read_share: float | None
    items: list[PerformanceItem]
    tools: list[ToolShape]
    durations: DurationsShape
    success: list[SuccessShape]


def performance(call: Call, query: PerformanceQuery) -> Answer:
    return answer(told(call, query))


def told(call: Call, query: PerformanceQuery) -> dict[str, Any]:
    """The same for every front end. Raises WindowInvalid, QuestionTooLong."""
    cut = query.cut(call.deck.store.now())
    standing = call.deck.warehouse.refresh()
    found: Performance = call.deck.warehouse.ask(questions.page, cut, query.by, as_of=standing)
    overall = _durations(found.overall)
    return {
        "window": {"from": cut.window.begin, "to": cut.window.end, "tz": cut.window.zone},
        "clock": standing.clock,
        "by": query.by,
        "simulated": cut.simulated,
        "tokens": {kind: found.total(kind) for kind in KINDS},
        "cache_read_share": share(found.total("cache_read"), found.prompt),
        "items": [_item(row) for row in found.tokens.to_dict("records")],
        "tools": found.tools.to_dict("records"),
        "durations": {
            "all": overall[0] if overall else None,
            "by_role": _durations(found.by_role),
            "by_model": _durations(found.by_model),
            "distribution": _lengths(found.lengths),
        },
        "success": [_success(row) for row in found.success.to_dict("records")],
    }


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _item(row: dict[str, Any]) -> dict[str, Any]:
    prompt = sum(int(row[kind]) for kind in KINDS if kind != "output")
    return {
        "name": datetime.fromtimestamp(row["at"] / 1000, UTC),
        "tokens": {kind: int(row[kind]) for kind in KINDS},
        "replies": int(row["replies"]),
        "cache_read_share": share(int(row["cache_read"]), prompt),
    }


def _durations(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"name": row["name"] or "all", "agents": row["agents"], "failed": row["failed"]}
        | {f"{name}_s": row[f"{name}_ms"] / 1000 for name in (*QUANTILES, "longest")}
        for row in found.to_dict("records")
    ]


def _lengths(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "role": row["name"],
            "from_s": round(questions.edge_s(int(row["step"])), 3),
            "until_s": round(questions.edge_s(int(row["step"]) + 1), 3),
            "agents": row["agents"],
        }
        for row in found.to_dict("records")
    ]


def _success(row: dict[str, Any]) -> dict[str, Any]:
    done, bad = int(row["completed"]), int(row["failed"])
    return {
        "task_type": row["name"],
        "completed": done,
        "failed": bad,
        "cancelled": row["cancelled"],
        "success_share": share(done, done + bad),
        "judged_good": row["good"],
        "judged_bad": row["bad"],
        "reworked": row["reworked"],
        "median_duration_s": row["median_ms"] / 1000,
    }


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/metrics/performance",
            performance,
            "Tokens by kind, cache, tools and their failures, how long agents take, what succeeds",
            PerformanceQuery,
            PerformanceShape,
            refuses=(e.WindowInvalid, e.QuestionTooLong),
        )
    ]
