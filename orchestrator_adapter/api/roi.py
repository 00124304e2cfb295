"""The worth of an ANALYST over HTTP: the comparison, its certainty, and everything it rests on."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from data.domain import errors as e
from data.domain import roi_plan, roi_words
from data.domain.assignment import AssignedBy
from data.domain.errors import InvalidField
from data.domain.roi import LEAST, Comparison, Effect, Naive, Roi
from data.domain.roi_cases import Certainty, Metric
from data.domain.roi_estimate import Interval
from data.domain.tasks import TaskType
from data.warehouse import analyst_roi as questions
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.outcome_answers import Shape
from orchestrator_adapter.views import roi as view

Json = dict[str, Any]


class RoiQuery(Sent):
    """Which tasks are compared: those created in this time that came to their end."""

    since: AwareDatetime | None = Field(None, alias="from", description="Created at or after; 90 days before the end")
    until: AwareDatetime | None = Field(None, alias="to", description="Created before; now")
    type: TaskType | None = None
    folder: str | None = Field(None, max_length=4096)
    simulated: bool = Field(False, description="Compare the tasks of demos instead, whose money is simulated")
    by: Literal["task_type", "complexity", "folder"] | None = Field(None, description="The same for each of these, too")


class IntervalShape(Shape):
    value: float
    low: float
    high: float


class EffectShape(Shape):
    metric: Metric
    with_analyst: float | None
    """Dollars, seconds, or a share from 0 to 1; null while it cannot be compared."""
    without_analyst: float | None
    difference: IntervalShape | None
    """With minus without, with its 95 % interval."""
    ratio: IntervalShape | None
    """With as a multiple of without; null for shares."""
    tasks_with: int
    tasks_without: int
    effective_with: float
    """As many tasks of equal weight would say as much."""
    effective_without: float
    enough: bool
    """Whether a verdict may be given."""
    settled: bool
    """Whether it says on which side of no difference the truth is."""
    more_tasks: int
    """Tasks that would still be needed; 0: settled."""


class BalanceShape(Shape):
    name: str
    before: float
    after: float


class StratumShape(Shape):
    name: str
    tasks_with: int
    tasks_without: int
    mean_usd_with: float | None
    mean_usd_without: float | None


class ComparisonShape(Shape):
    certainty: Certainty
    verdict: str
    tasks_with: int
    tasks_without: int
    compared_with: int
    compared_without: int
    effects: list[EffectShape]
    balance: list[BalanceShape]
    """Standardised mean differences of what was known before, without weights and with them."""
    strata: list[StratumShape]


class NaiveShape(Shape):
    metric: Metric
    with_analyst: float | None
    without_analyst: float | None
    misleading: bool


class DecidedShape(Shape):
    by: AssignedBy
    tasks_with: int
    tasks_without: int


class PlanShape(Shape):
    needed_tasks: int
    borderline_a_week: float
    weeks: float | None
    put_in: int
    left_out: int
    net_usd: float | None
    words: str


class GroupShape(Shape):
    name: str
    tasks: int
    verdict: str
    effects: list[EffectShape]


class RoiShape(Shape):
    since: AwareDatetime
    until: AwareDatetime
    headline: str
    tasks: int
    least_effective: int
    """Tasks of equal weight that each group must be worth for a verdict."""
    observed: ComparisonShape
    causal: ComparisonShape
    naive: list[NaiveShape]
    decided: list[DecidedShape]
    analyst_usd: float | None
    lottery: PlanShape
    groups: list[GroupShape]


def analyst_roi(call: Call, query: RoiQuery) -> Answer:
    now, warehouse = call.deck.store.now(), call.deck.warehouse
    if query.since and query.since >= (query.until or now):
        raise InvalidField("from must be before to.", field="from")
    asked = view.wanted(
        now,
        since=query.since,
        until=query.until,
        task_type=query.type and query.type.value,
        folder=query.folder,
        simulated=query.simulated,
    )
    with call.deck.store.read() as board:
        lottery = board.settings().lottery
    found = view.answer(warehouse.ask(questions.compared, asked.cut), asked, lottery)
    groups = warehouse.ask(questions.compared_by, asked.cut, query.by) if query.by else ()
    planned = found.plan
    told = {
        "needed_tasks": planned.needed,
        "borderline_a_week": round(planned.borderline_a_week, 2),
        "weeks": None if planned.weeks is None else round(planned.weeks, 1),
        "put_in": planned.put_in,
        "left_out": planned.left_out,
        "net_usd": None if planned.net_usd is None else round(planned.net_usd, 6),
        "words": roi_plan.said(planned, lottery),
    }
    times = {"since": _time(asked.cut.begin_ms), "until": query.until or now, "lottery": told}
    more = {"groups": [_group(name, one) for name, one in groups]}
    return answer(times | summary(found.roi) | more)


def summary(found: Roi) -> Json:
    """The answer as plain JSON."""
    return {
        "headline": roi_words.headline(found),
        "tasks": found.cases,
        "least_effective": LEAST,
        "observed": _comparison(found.observed),
        "causal": _comparison(found.causal),
        "naive": [_naive(naive, found) for naive in found.naive],
        "decided": [{"by": by, "tasks_with": some, "tasks_without": none} for by, some, none in found.decided],
        "analyst_usd": None if found.analyst_usd is None else round(found.analyst_usd, 6),
    }


def _group(name: str, found: Roi) -> Json:
    best = found.best
    return {
        "name": name,
        "tasks": found.cases,
        "verdict": roi_words.verdict(best),
        "effects": [_effect(effect) for effect in best.effects],
    }


def _comparison(of: Comparison) -> Json:
    return {
        "certainty": of.certainty,
        "verdict": roi_words.verdict(of),
        "tasks_with": of.tasks[0],
        "tasks_without": of.tasks[1],
        "compared_with": of.compared[0],
        "compared_without": of.compared[1],
        "effects": [_effect(effect) for effect in of.effects],
        "balance": [{"name": b.name, "before": round(b.before, 4), "after": round(b.after, 4)} for b in of.balance],
        "strata": [
            {
                "name": s.name,
                "tasks_with": s.treated,
                "tasks_without": s.control,
                "mean_usd_with": _figure(s.treated_usd),
                "mean_usd_without": _figure(s.control_usd),
            }
            for s in of.strata
        ],
    }


def _effect(of: Effect) -> Json:
    return {
        "metric": of.metric,
        "with_analyst": _figure(of.treated),
        "without_analyst": _figure(of.control),
        "difference": _interval(of.difference),
        "ratio": _interval(of.ratio),
        "tasks_with": of.tasks[0],
        "tasks_without": of.tasks[1],
        "effective_with": round(of.effective[0], 1),
        "effective_without": round(of.effective[1], 1),
        "enough": of.enough,
        "settled": of.settled,
        "more_tasks": of.more,
    }


def _naive(naive: Naive, found: Roi) -> Json:
    misleading = roi_words.misleads(naive, found.best.of(naive.metric))
    figures = {"with_analyst": _figure(naive.treated), "without_analyst": _figure(naive.control)}
    return {"metric": naive.metric, **figures, "misleading": misleading}


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _figure(number: float | None) -> float | None:
    return None if number is None or not isfinite(number) else round(number, 6)


def _interval(of: Interval | None) -> Json | None:
    if of is None or not isfinite(of.value):
        return None
    return {"value": round(of.value, 6), "low": round(of.low, 6), "high": round(of.high, 6)}


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{v1}/metrics/analyst-roi",
            analyst_roi,
            "Whether an ANALYST is worth its money, and how sure that is",
            RoiQuery,
            RoiShape,
            refuses=(e.BodyInvalid,),
        )
    ]
