"""What history says, over HTTP: costs of any window, parted by anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd
from pydantic import AwareDatetime, Field

from data.domain import errors as e
from data.domain import windows
from data.domain.agents import Role
from data.domain.money import to_usd
from data.domain.tasks import TaskType
from data.domain.windows import Grain, Preset, Window
from data.warehouse import costs
from data.warehouse.costs import By, Costs, Cut, Total
from orchestrator_adapter.api.answers import Shape, TokenShape
from orchestrator_adapter.api.bodies import Path, Sent, Short
from orchestrator_adapter.api.http import Answer, Call, Operation, answer

Parted = Literal[
    "hour", "day", "week", "month", "role", "model", "task_type", "folder", "user", "analyst", "token_kind"
]
_GRAINS = frozenset(grain.value for grain in Grain)


class SpendingFilter(Sent):
    """Which spending."""

    since: AwareDatetime | None = Field(None, alias="from", description="Default: midnight 29 days ago")
    until: AwareDatetime | None = Field(None, alias="to", description="Before; default: now")
    tz: str = Field("UTC", max_length=80, description="IANA time zone in which days, weeks and months are counted")
    simulated: bool = Field(False, description="Simulated money instead of real money; they are never added up")
    role: Role | None = None
    model: Short | None = None
    task_type: TaskType | None = None
    folder: Path | None = None
    user: Short | None = None
    analyst: bool | None = Field(None, description="Whether an ANALYST took part in the task")

    def cut(self, now: datetime) -> Cut:
        return Cut(
            window(self.since, self.until, self.tz, now),
            self.simulated,
            self.role.value if self.role else None,
            self.model,
            self.task_type.value if self.task_type else None,
            self.folder,
            self.user,
            self.analyst,
        )


class CostQuery(SpendingFilter):
    """Which spending, and what it is parted by."""

    by: Parted = Field("day", description="What the items are")


def window(since: datetime | None, until: datetime | None, tz: str, now: datetime) -> Window:
    """Raises WindowInvalid."""
    usual = windows.last(Preset.MONTH, now, tz)
    if since is None and until is None:
        return usual
    return windows.between(since or usual.begin, until or usual.end, tz)


class WindowShape(Shape):
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    tz: str


class CostItem(Shape):
    name: str
    """Of what it is parted by; of a stretch of time, when it begins."""
    cost_usd: float
    tokens: int
    replies: int
    unpriced_replies: int


class CacheShape(Shape):
    """saved = would_have_cost - did_cost, for the tokens read from or written to the cache."""

    saved_usd: float
    would_have_cost_usd: float
    """The same tokens at the price of plain input."""
    did_cost_usd: float


class AnalystShape(Shape):
    """Tasks of this fleet that ended in the window; as they were, not compared like with like."""

    included: bool
    tasks: int
    completed: int
    failed: int
    cost_usd: float
    analyst_usd: float
    median_usd: float
    median_duration_s: float


class DearTask(Shape):
    id: str
    description: str
    task_type: str
    cost_usd: float
    tokens: int


class DearAgent(Shape):
    id: str
    task_id: str
    name: str
    role: str
    model: str
    cost_usd: float
    tokens: int


class DearTool(Shape):
    tool: str
    calls: int
    cost_usd: float


class DearestShape(Shape):
    tasks: list[DearTask]
    agents: list[DearAgent]
    tools: list[DearTool]


class CostShape(Shape):
    window: WindowShape
    clock: int
    by: str
    simulated: bool
    cost_usd: float
    before_usd: float
    """Of the stretch of the same length before."""
    tokens: TokenShape
    replies: int
    unpriced_replies: int
    """Replies whose model has no known price; their cost is missing."""
    tasks: int
    simulated_usd: float
    """Simulated money of the same time; it is in no other number unless asked for."""
    per_1k_tokens_usd: float | None
    per_completed_task_usd: float | None
    cache: CacheShape
    analyst: list[AnalystShape]
    drifting_runs: int
    """Runs of which the command line's own total or today's price table is 5 % or more from what was counted."""
    items: list[CostItem]
    dearest: DearestShape


def cost(call: Call, query: CostQuery) -> Answer:
    return answer(told(call, query))


def told(call: Call, query: CostQuery) -> dict[str, Any]:
    """The same for every front end."""
    cut = query.cut(call.deck.store.now())
    warehouse = call.deck.warehouse
    standing = warehouse.refresh()
    grain = Grain(query.by) if query.by in _GRAINS else Grain.MONTH
    found: Costs = warehouse.ask(costs.page, cut, grain, By.ROLE, as_of=standing)
    if query.by in _GRAINS:
        items = _times(warehouse.ask(costs.over_time, cut, grain, as_of=standing))
    else:
        items = _parts(found.parts[By(query.by)])
    return {
        "window": {"from": cut.window.begin, "to": cut.window.end, "tz": cut.window.zone},
        "clock": standing.clock,
        "by": query.by,
        "simulated": cut.simulated,
        "before_usd": to_usd(found.before.cost_nanousd),
        "simulated_usd": to_usd(found.simulated_nanousd),
        **_total(found.total),
        "per_completed_task_usd": _maybe(found.per_success_nanousd()),
        "analyst": _analyst(found.analyst),
        "drifting_runs": found.drifting,
        "items": items,
        "dearest": _dearest(found),
    }


def _total(found: Total) -> dict[str, Any]:
    return {
        "cost_usd": to_usd(found.cost_nanousd),
        "tokens": found.tokens.as_dict(),
        "replies": found.replies,
        "unpriced_replies": found.unpriced,
        "tasks": found.tasks,
        "per_1k_tokens_usd": _maybe(found.per_thousand_tokens()),
        "cache": {
            "saved_usd": to_usd(found.saved_nanousd),
            "would_have_cost_usd": to_usd(found.uncached_nanousd),
            "did_cost_usd": to_usd(found.cached_nanousd),
        },
    }


def _maybe(nanousd: int | None) -> float | None:
    return None if nanousd is None else to_usd(nanousd)


def _item(name: str, row: Any) -> dict[str, Any]:
    return {
        "name": name,
        "cost_usd": to_usd(int(row.cost_nanousd)),
        "tokens": int(row.tokens),
        "replies": int(row.replies),
        "unpriced_replies": int(row.unpriced),
    }


def _times(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [_item(datetime.fromtimestamp(row.at / 1000, UTC).isoformat(), row) for row in found.itertuples(index=False)]


def _parts(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [_item(str(row.name), row) for row in found.itertuples(index=False)]


def _analyst(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "included": bool(row.included),
            "tasks": int(row.tasks),
            "completed": int(row.completed),
            "failed": int(row.failed),
            "cost_usd": to_usd(int(row.cost_nanousd)),
            "analyst_usd": to_usd(int(row.analyst_nanousd)),
            "median_usd": to_usd(int(row.median_nanousd)),
            "median_duration_s": int(row.median_ms) / 1000,
        }
        for row in found.itertuples(index=False)
    ]


def _dearest(found: Costs) -> dict[str, Any]:
    def rows(frame: pd.DataFrame, *names: str) -> list[dict[str, Any]]:
        return [
            {name: row[name] for name in names} | {"cost_usd": to_usd(int(row["cost_nanousd"]))}
            for row in frame.to_dict("records")
        ]

    return {
        "tasks": rows(found.tasks, "id", "description", "task_type", "tokens"),
        "agents": rows(found.agents, "id", "task_id", "name", "role", "model", "tokens"),
        "tools": rows(found.tools, "tool", "calls"),
    }


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/metrics/costs",
            cost,
            "What was spent, when, by whom and on what",
            CostQuery,
            CostShape,
            refuses=(e.WindowInvalid, e.QuestionTooLong),
        )
    ]
