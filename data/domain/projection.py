"""Where spending will stand at the end of a budget's period, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from data.domain.budgets import Period, begins
from data.domain.firing import CONSISTENT, DAY, LEAST_DAYS, LEAST_SPREAD

DAYS = 28
"""Days that are drawn from."""
DRAWS = 2_000
PAST_DRAWS = 400
"""Draws of each projection that is made anew for the past."""
INSIDE = 80
"""Percent of the draws that lie within the interval."""
UNUSUAL = 3.5
"""Robust deviations from which on the spending of a period is marked."""
_SEED = 20_240
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Projection:
    """Sums at the end of a period, in the unit of what was counted."""

    low: int
    middle: int
    high: int
    over: float
    """Share of the draws that end above the limit."""
    days: int
    """Days that were drawn from."""
    held: int
    """Of the same projections made at this hour of earlier days, those whose interval held what came."""
    made: int


def ends(period: Period, now: datetime) -> datetime | None:
    """When the period that `now` lies in is over; None for a total."""
    start = begins(period, now)
    if start is None:
        return None
    match period:
        case Period.DAY:
            return start + timedelta(days=1)
        case Period.WEEK:
            return start + timedelta(days=7)
        case _:
            return (start + timedelta(days=32)).replace(day=1)


def days_known(now: int, first: int) -> int:
    """Whole days of UTC from the quarter with which history begins up to today; at most those that are drawn from."""
    return max(min(now // DAY - -(-first // DAY), DAYS), 0)


def project(series: Counts, now: int, full_days: int, spent: int, limit: int, first: int) -> Projection | None:
    """What will have been spent after the rest of today and so many whole days; None with fewer than 7 days known.

    `series` has what each quarter of an hour spent, from a midnight of UTC on; `now` is the place of the running
    quarter, `first` the one with which history begins, `spent` what the period has so far.

    The method is a bootstrap by days: the rest of today is drawn from what the last 28 days spent after this time of
    day, each further day from what those days spent in all; 2,000 sums of such draws give the median and the interval
    between the 10th and the 90th percentile. Days are drawn without regard to one another, so a trend, or weeks that
    differ as a whole, make the truth wider than the interval; how often it held before is told beside it.
    """
    left = _left(series, now, full_days, first, DRAWS)
    if left is None:
        return None
    low, middle, high = (round(float(value)) for value in np.percentile(left, [50 - INSIDE / 2, 50, 50 + INSIDE / 2]))
    held, made = _before(series, now, full_days, first)
    over = float(np.mean(spent + left > limit))
    return Projection(spent + low, spent + middle, spent + high, over, days_known(now, first), held, made)


def _left(series: Counts, now: int, full_days: int, first: int, draws: int) -> Counts | None:
    """Drawn sums of what is still to come."""
    number = days_known(now, first)
    if number < LEAST_DAYS:
        return None
    today = now // DAY
    days = series[(today - number) * DAY : today * DAY].reshape(number, DAY)
    rest = days[:, now % DAY + 1 :].sum(axis=1)
    random = np.random.default_rng(_SEED)
    left = rest[random.integers(number, size=draws)]
    if full_days:
        left = left + days.sum(axis=1)[random.integers(number, size=(draws, full_days))].sum(axis=1)
    return np.asarray(left, dtype=np.int64)


def _before(series: Counts, now: int, full_days: int, first: int) -> tuple[int, int]:
    """The same projection at this hour of the last 28 days for which it is known what came: held, made."""
    held = made = 0
    for ago in range(full_days + 1, full_days + 1 + DAYS):
        then = now - ago * DAY
        left = _left(series, then, full_days, first, PAST_DRAWS) if then >= 0 else None
        if left is None:
            break
        came = int(series[then + 1 : (then // DAY + 1 + full_days) * DAY].sum())
        low, high = np.percentile(left, [50 - INSIDE / 2, 50 + INSIDE / 2])
        made += 1
        held += bool(low <= came <= high)
    return held, made


def unusual(sums: Counts) -> list[bool]:
    """Which sums lie far above those before them: by the modified z-score, from the eighth on (see `firing.usual`)."""
    out = []
    for place, value in enumerate(sums):
        before = sums[:place]
        if place < LEAST_DAYS:
            out.append(False)
            continue
        median = float(np.median(before))
        away = np.abs(before - median)
        mad = float(np.median(away)) / CONSISTENT or float(np.mean(away)) * float(np.sqrt(np.pi / 2))
        spread = max(mad, LEAST_SPREAD * median)
        out.append(bool(value > median + UNUSUAL * spread))
    return out
