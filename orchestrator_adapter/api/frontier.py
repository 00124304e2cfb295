"""Cost against success by workflow and kind of task, over HTTP, and what is recommended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from data.domain import errors as e
from data.domain import frontier_words, windows
from data.domain.frontier import LEAST, Kind, Way
from data.domain.money import to_usd
from data.domain.tasks import Complexity, TaskType
from data.domain.windows import Preset
from data.warehouse import frontier as questions
from data.warehouse.costs import Cut
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.measure import WindowShape
from orchestrator_adapter.api.outcome_answers import Shape

Json = dict[str, Any]


class FrontierQuery(Sent):
    """Which tasks: those that ended in this time, 90 days up to now unless told otherwise."""

    since: datetime | None = Field(None, alias="from")
    until: datetime | None = Field(None, alias="to")
    tz: str = Field(windows.UTC_NAME, max_length=64)
    task_type: TaskType | None = None
    folder: str | None = Field(None, max_length=4096)
    user: str | None = Field(None, max_length=200)
    analyst: bool | None = None
    simulated: bool = Field(False, description="Simulated work (demos) instead of real work; never both")

    def cut(self, now: datetime) -> Cut:
        """Raises WindowInvalid."""
        window = windows.last(Preset.QUARTER, now, self.tz)
        if self.since is not None or self.until is not None:
            window = windows.between(self.since or window.begin, self.until or window.end, self.tz)
        kind = self.task_type and self.task_type.value
        return Cut(window, self.simulated, task_type=kind, folder=self.folder, user=self.user, analyst=self.analyst)


class ShareShape(Shape):
    value: float
    low: float
    high: float


class WayShape(Shape):
    roles: list[str]
    tasks: int
    priced_tasks: int
    succeeded: int
    judged: int
    """Tasks of which anything says how good the work was."""
    success: ShareShape
    """With its 95 % interval."""
    mean_cost_usd: ShareShape | None
    each_success_usd: float | None
    """What is spent until one succeeds; null where none did."""
    enough: bool
    """Whether it is compared with others."""
    dominated_by: list[str] | None
    clearly: bool
    """Whether being dominated is more than chance may have made of it."""
    standing: str


class KindShape(Shape):
    task_type: TaskType
    complexity: Complexity
    tasks: int
    recommended: list[str] | None
    sure: bool
    words: str
    ways: list[WayShape]


class FrontierShape(Shape):
    window: WindowShape
    clock: int
    simulated: bool
    least_tasks: int
    """Priced tasks of a workflow from which on it is compared."""
    kinds: list[KindShape]


def frontier(call: Call, query: FrontierQuery) -> Answer:
    return answer(told(call, query))


def told(call: Call, query: FrontierQuery) -> Json:
    """The same for every front end. Raises WindowInvalid, QuestionTooLong."""
    cut = query.cut(call.deck.store.now())
    standing = call.deck.warehouse.refresh()
    found: tuple[Kind, ...] = call.deck.warehouse.ask(questions.frontier, cut, as_of=standing)
    return {
        "window": {"from": cut.window.begin, "to": cut.window.end, "tz": cut.window.zone},
        "clock": standing.clock,
        "simulated": cut.simulated,
        "least_tasks": LEAST,
        "kinds": [_kind(kind) for kind in found],
    }


def _kind(kind: Kind) -> Json:
    return {
        "task_type": kind.task_type,
        "complexity": kind.complexity,
        "tasks": kind.tasks,
        "recommended": None if kind.best is None else _roles(kind.best.name),
        "sure": kind.sure,
        "words": frontier_words.recommended(kind),
        "ways": [_way(way, kind) for way in kind.ways],
    }


def _way(way: Way, kind: Kind) -> Json:
    cost, share, each = way.cost, way.success, way.each_success
    return {
        "roles": _roles(way.name),
        "tasks": way.tasks,
        "priced_tasks": way.priced,
        "succeeded": way.succeeded,
        "judged": way.judged,
        "success": {name: round(getattr(share, name), 6) for name in ("value", "low", "high")},
        "mean_cost_usd": cost and {"value": to_usd(cost.mean), "low": to_usd(cost.low), "high": to_usd(cost.high)},
        "each_success_usd": None if each is None else to_usd(each),
        "enough": way.enough,
        "dominated_by": None if way.dominated_by is None else _roles(way.dominated_by),
        "clearly": way.clearly,
        "standing": frontier_words.standing(way, kind),
    }


def _roles(name: str) -> list[str]:
    return name.split(" > ") if name else []


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/metrics/workflows",
            frontier,
            "Cost against success by workflow and kind of task, with intervals, and what is recommended",
            FrontierQuery,
            FrontierShape,
            refuses=(e.WindowInvalid, e.QuestionTooLong),
        )
    ]
