"""When a rule fires: the one code that is run by the clock over the present and by a backtest over history.

Facts come by quarters of an hour, the finest sums of the warehouse. What has been spent, failed or filled within a
quarter only grows until the quarter is over, so a rule that holds before its end holds at its end too: the clock may
tell at once, and a backtest finds the same quarter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

QUARTER_MS = 900_000
DAY, WEEK = 96, 7 * 96
"""Quarters."""
WEEKS, DAYS = 8, 28
"""How far back what is usual is looked for, by hours of the week and by days."""
LEAST_WEEKS, LEAST_DAYS = 4, 7
"""With fewer of them there is no word on what is usual."""
CONSISTENT = 0.6745
"""0.75 quantile of the standard normal distribution: MAD / 0.6745 estimates its standard deviation."""
LEAST_SPREAD = 0.1
"""Of the median: history that never differed by more is taken to vary by so much."""
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """A quarter of an hour in which the condition of a rule holds for a subject."""

    subject: str
    bucket_ms: int
    value: float
    words: str
    """Why, as one sentence."""
    task_id: str = ""
    agent_id: str | None = None
    evidence: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Usual:
    """What was spent and what is usual at some moments; every array has one value for each."""

    spent: npt.NDArray[np.int64]
    """What is compared: the sum over the window, or over a day."""
    median: Array
    deviation: Array
    """Robust estimate of the standard deviation; in the unit of the series."""
    samples: npt.NDArray[np.int64]
    """0: nothing is known of what is usual."""
    weekly: npt.NDArray[np.bool_]
    """Whether it is the same hour of the week that is compared; else whole days."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        return self.samples > 0


def fired(points: Iterable[Point], cooldown_ms: int, last: Mapping[str, int], since_ms: int = 0) -> list[Point]:
    """The points that are told: once for each stretch of quarters in which the condition holds without a break, and
    no two about one subject within the cooldown.

    `last`: the quarter that was told last, by subject. What lies before `since_ms` is only looked at.
    """
    told, before, begun = dict(last), dict[str, int](), dict[str, int]()
    out = []
    for point in sorted(points, key=lambda one: (one.bucket_ms, one.subject)):
        subject, now = point.subject, point.bucket_ms
        if before.get(subject) != now - QUARTER_MS:
            begun[subject] = now
        before[subject] = now
        was = told.get(subject)
        if now >= since_ms and (was is None or (was < begun[subject] and now - was >= cooldown_ms)):
            told[subject] = now
            out.append(point)
    return out


def window_sums(series: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
    """For each quarter the sum of it and the `width` - 1 quarters before it."""
    total = np.concatenate([[0], np.cumsum(series)])
    begins = np.maximum(np.arange(len(series)) + 1 - width, 0)
    return np.asarray(total[1:] - total[begins], dtype=np.int64)


def usual(series: npt.NDArray[np.int64], width: int, places: npt.NDArray[np.int64], first: int = 0) -> Usual:
    """What is usually spent at some places of a series of quarters, by what came before each.

    The season is the hour of the week: the window of `width` quarters that ends with a place is compared with those
    exactly 1 to 8 weeks earlier, at least 4 of them. Where they are fewer, or the hour is usually quiet (their median
    is 0, as in a fleet that works now and then), the day that ends with the place is compared with the 1 to 28 days
    before it, at least 7. With less history nothing is said. `first` is the place with which history begins. Weeks
    are of UTC: where clocks are set, an hour is compared with its neighbour for a while.

    Centre and spread are the median m and the median absolute deviation, as in the modified z-score
    0.6745 (x - m) / MAD of B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers" (1993), which advise
    3.5 as its limit. Nearly half of history may be wild without moving either far. Where the MAD is 0 the mean
    absolute deviation takes its place, scaled by 1.2533, sqrt(pi / 2); and no spread is less than a tenth of m.
    """
    sums, days = window_sums(series, width), window_sums(series, DAY)
    by_week = _lags(sums, WEEK, WEEKS, places, first + width - 1)
    by_day = _lags(days, DAY, DAYS, places, first + DAY - 1)
    weeks, number = (np.sum(~np.isnan(lags), axis=1) for lags in (by_week, by_day))
    median, deviation = np.full(len(places), np.nan), np.full(len(places), np.nan)
    weekly = weeks >= LEAST_WEEKS
    if weekly.any():
        median[weekly], deviation[weekly] = _centre(by_week[weekly])
        weekly = weekly & (median > 0)
    daily = ~weekly & (number >= LEAST_DAYS)
    if daily.any():
        median[daily], deviation[daily] = _centre(by_day[daily])
    samples = np.where(weekly, weeks, np.where(daily, number, 0))
    return Usual(np.where(weekly, sums[places], days[places]), median, deviation, samples, weekly)


def _lags(sums: npt.NDArray[np.int64], step: int, most: int, places: npt.NDArray[np.int64], least: int) -> Array:
    """(places, most): the sums 1, 2, ... steps earlier; nan where a place lies before `least`."""
    wanted = places[:, None] - step * np.arange(1, most + 1)
    return np.where(wanted >= max(least, 0), sums[np.maximum(wanted, 0)], np.nan)


def _centre(lags: Array) -> tuple[Array, Array]:
    """Median and robust standard deviation of each row."""
    median = np.nanmedian(lags, axis=1)
    away = np.abs(lags - median[:, None])
    mad = np.nanmedian(away, axis=1) / CONSISTENT
    mean = np.nanmean(away, axis=1) * np.sqrt(np.pi / 2)
    return median, np.maximum(np.where(mad > 0, mad, mean), LEAST_SPREAD * median)


def scores(found: Usual) -> Array:
    """Robust deviations above the usual; infinite where nothing was ever spent before, nan where nothing is known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = (found.spent - found.median) / found.deviation
    return np.where(found.known & (found.deviation == 0), np.where(found.spent > found.median, np.inf, 0.0), out)
