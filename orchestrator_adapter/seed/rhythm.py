"""When a made-up fleet works: office hours, few weekends, more every week, most in the last days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

RECENT_DAYS = 4
_HOUR = timedelta(hours=1)


def _weight(hour: datetime, age: float) -> float:
    """How busy an hour is; `age` goes from 0 for the first to 1 for the last."""
    working = 9 <= hour.hour < 18
    by_hour = 1.0 if working else 0.3 if 7 <= hour.hour < 21 else 0.04
    by_day = 1.0 if hour.weekday() < 5 else 0.22
    return by_hour * by_day * (0.5 + age)


def _hours(first: datetime, now: datetime) -> Iterator[datetime]:
    hour = first
    while hour < now:
        yield hour
        hour += _HOUR


def starts(rng: Random, days: int, tasks: int, now: datetime) -> list[datetime]:
    """When each task was submitted, oldest first, all within the days before now."""
    hours = list(_hours(now - timedelta(days=days), now))
    recent = now - timedelta(days=RECENT_DAYS)
    weights = [
        _weight(hour, number / len(hours)) * (2.0 if hour >= recent else 1.0) for number, hour in enumerate(hours)
    ]
    chosen = rng.choices(hours, weights, k=tasks)
    return sorted(hour + _HOUR * rng.random() for hour in chosen)
