"""The worth of an ANALYST as it is asked for: the same answer for page, API and command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from data.domain.fleet import Lottery
from data.domain.roi import Roi
from data.domain.roi_plan import LotteryPlan, plan
from data.warehouse.analyst_roi import EVER_MS, Cut, Found

DAYS = 90


@dataclass(frozen=True)
class Wanted:
    """Which tasks are compared."""

    cut: Cut
    days: float
    """The time in which they came."""


@dataclass(frozen=True)
class Answer:
    """The comparison, and what it would take to settle it by lot."""

    roi: Roi
    plan: LotteryPlan


def wanted(
    now: datetime,
    *,
    days: int = DAYS,
    since: datetime | None = None,
    until: datetime | None = None,
    task_type: str | None = None,
    folder: str | None = None,
    simulated: bool = False,
) -> Wanted:
    """The last days to the minute, so that everybody who asks in the same minute gets the same answer."""
    end = until or now
    begin = since or (end - timedelta(days=days)).replace(second=0, microsecond=0)
    to_ms = EVER_MS if until is None else round(until.timestamp() * 1000)
    cut = Cut(round(begin.timestamp() * 1000), to_ms, task_type, folder, simulated)
    return Wanted(cut, max((end - begin).total_seconds() / 86_400, 0.0))


def answer(found: Found, asked: Wanted, lottery: Lottery) -> Answer:
    return Answer(found.roi, plan(found.borderline, found.simple, found.roi, lottery, asked.days))
