"""What budgets saw: spending by period, and where the period that runs will end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from data.domain import projection
from data.domain.budgets import Budget, Scope, begins
from data.domain.firing import DAY, QUARTER_MS
from data.domain.projection import Counts, Projection
from data.warehouse.alerts_history import period_ms, spending_of
from data.warehouse.warehouse import Reader

HISTORY_DAYS = 400
PERIODS = 24
"""Periods that are told, the one that runs included."""


@dataclass(frozen=True)
class Past:
    """What was spent in one period."""

    begin: datetime
    nanousd: int
    tokens: int
    unusual: bool
    """Far more than the periods before it."""


@dataclass(frozen=True)
class Outlook:
    """A budget's past and the end of the period that runs."""

    past: tuple[Past, ...]
    """The oldest first; the last one runs."""
    end: datetime
    money: bool
    """Whether dollars are projected; else tokens."""
    projection: Projection | None
    days_known: int


def outlook(reader: Reader, budget: Budget, end_ms: int) -> Outlook | None:
    """As of the quarter of an hour that ends then; None for a budget without periods, or of single agents."""
    now = datetime.fromtimestamp((end_ms - QUARTER_MS) / 1000, UTC)
    start, end = begins(budget.period, now), projection.ends(budget.period, now)
    if start is None or end is None or budget.scope is Scope.AGENT:
        return None
    since = begins(budget.period, now - timedelta(days=HISTORY_DAYS))  # a whole period, or its money would look small
    begin_ms = int((since or start).timestamp() * 1000)
    found = spending_of(reader, budget, begin_ms, end_ms)
    past = _past(budget, found, now)
    money = budget.limit_nanousd is not None
    series = _series(found, "cost_nanousd" if money else "tokens", begin_ms, end_ms)
    place = len(series) - 1
    first = int(found["quarter"].min()) - begin_ms // QUARTER_MS if len(found) else place
    days = round((end - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 86_400) - 1
    spent = past[-1].nanousd if money else past[-1].tokens
    limit = (budget.limit_nanousd if money else budget.limit_tokens) or 0
    projected = projection.project(series, place, days, spent, limit, first)
    return Outlook(past, end, money, projected, projection.days_known(place, first))


def _series(found: pd.DataFrame, column: str, begin_ms: int, end_ms: int) -> Counts:
    out = np.zeros((end_ms - begin_ms) // QUARTER_MS, dtype=np.int64)
    np.add.at(out, found["quarter"].to_numpy(dtype=np.int64) - begin_ms // QUARTER_MS, found[column].to_numpy())
    return out


def _past(budget: Budget, found: pd.DataFrame, now: datetime) -> tuple[Past, ...]:
    """The last periods without a gap, from the first in which anything was spent."""
    sums: dict[int, list[int]] = {}
    for row in found.itertuples(index=False):
        one = sums.setdefault(period_ms(budget, int(row.quarter) * QUARTER_MS), [0, 0])
        one[0] += int(row.cost_nanousd)
        one[1] += int(row.tokens)
    begin, starts = period_ms(budget, int(now.timestamp() * 1000)), list[int]()
    oldest = min([*sums, begin])
    while begin >= oldest and len(starts) < PERIODS:
        starts.append(begin)
        begin = period_ms(budget, begin - DAY * QUARTER_MS // 2)
    starts.reverse()
    place = 0 if budget.limit_nanousd is not None else 1
    marks = projection.unusual(np.array([sums.get(start, [0, 0])[place] for start in starts], dtype=np.int64))
    out = []
    for start, mark in zip(starts, marks, strict=True):
        nanousd, tokens = sums.get(start, [0, 0])
        out.append(Past(datetime.fromtimestamp(start / 1000, UTC), nanousd, tokens, mark))
    return tuple(out)
