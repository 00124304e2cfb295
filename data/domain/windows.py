"""Stretches of time as people mean them: a zone's own days, weeks and months, whatever its clocks do in spring."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from data.domain.errors import WindowInvalid

QUARTER = timedelta(minutes=15)
"""Every zone's offset is a whole number of quarters of an hour, since 1972."""
MOST_BUCKETS = 2_500
"""Bars of one answer: a hundred days by the hour."""
MOST_YEARS = 50
UTC_NAME = "UTC"


class Preset(StrEnum):
    """A window that ends now."""

    TODAY = "today"
    WEEK = "7d"
    MONTH = "30d"
    TWO_MONTHS = "60d"
    QUARTER = "90d"
    THIS_MONTH = "month"


class Grain(StrEnum):
    """What one bar of time stands for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_DAYS = {Preset.TODAY: 1, Preset.WEEK: 7, Preset.MONTH: 30, Preset.TWO_MONTHS: 60, Preset.QUARTER: 90}


@functools.cache
def zones() -> tuple[str, ...]:
    """Names of all zones, UTC first."""
    return (UTC_NAME, *sorted(available_timezones() - {UTC_NAME, "localtime", "Factory"}))


def zone(name: str) -> ZoneInfo:
    """Raises WindowInvalid."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise WindowInvalid(f"There is no time zone {name[:80]!r}.", field="tz") from error


@dataclass(frozen=True)
class Window:
    """From a moment until before another one, and the zone in which its days are counted."""

    begin: datetime
    end: datetime
    zone: str = UTC_NAME

    @property
    def begin_ms(self) -> int:
        return _ms(self.begin)

    @property
    def end_ms(self) -> int:
        return _ms(self.end)

    def before(self) -> Window:
        """The stretch of the same length that ends where this one begins."""
        return Window(self.begin - (self.end - self.begin), self.begin, self.zone)

    def edges(self, grain: Grain) -> list[datetime]:
        """Where each bar begins; the first may begin before the window. Raises WindowInvalid for too many."""
        here, out = zone(self.zone), []
        step = _floor(self.begin.astimezone(here), grain)
        while (at := step.astimezone(UTC)) < self.end:
            out.append(at)
            if len(out) > MOST_BUCKETS:
                raise WindowInvalid(
                    f"By {grain} the window has more than {MOST_BUCKETS:,} bars; choose a larger step.", field="by"
                )
            step = _next(step, grain, here)
        return out

    def offsets(self) -> list[tuple[datetime, timedelta]]:
        """From when on how far the zone's clocks are ahead of UTC, in the order of time; the first may begin before.

        Between two of its entries weekday and hour of a quarter of an hour are a matter of adding; where clocks were
        set within a quarter, it counts as before.
        """
        here, begin = zone(self.zone), _quarter(self.begin)
        out = [(begin, _ahead(begin, here))]
        at = begin
        while at < self.end:
            after = at + timedelta(days=1)
            if _ahead(after, here) != out[-1][1]:
                low, high = at, after
                while high - low > QUARTER:
                    middle = low + (high - low) // 2 // QUARTER * QUARTER
                    low, high = (middle, high) if _ahead(middle, here) == out[-1][1] else (low, middle)
                out.append((high, _ahead(high, here)))
            at = after
        return out

    def grain(self) -> Grain:
        """The step that gives a readable number of bars."""
        days = (self.end - self.begin) / timedelta(days=1)
        if days <= 2:
            return Grain.HOUR
        return Grain.DAY if days <= 100 else Grain.WEEK if days <= 750 else Grain.MONTH


def last(preset: Preset, now: datetime, zone_name: str = UTC_NAME) -> Window:
    """A preset as of now: whole days of the zone, the present one as far as it has come.

    It ends with the present quarter of an hour, so that the same question is asked for a while.
    """
    here = now.astimezone(zone(zone_name))
    if preset is Preset.THIS_MONTH:
        first = here.date().replace(day=1)
    else:
        first = here.date() - timedelta(days=_DAYS[preset] - 1)
    return Window(_midnight(first, zone_name), _quarter(now) + QUARTER, zone_name)


def days(first: date, to: date, zone_name: str = UTC_NAME) -> Window:
    """From the beginning of a day to the end of another. Raises WindowInvalid."""
    if to < first:
        raise WindowInvalid("The window ends before it begins.", field="to")
    try:
        return between(_midnight(first, zone_name), _midnight(to + timedelta(days=1), zone_name), zone_name)
    except OverflowError as error:
        raise WindowInvalid("The window reaches beyond the calendar.", field="to") from error


def between(begin: datetime, end: datetime, zone_name: str = UTC_NAME) -> Window:
    """Any two moments. Raises WindowInvalid."""
    zone(zone_name)
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    if end <= begin:
        raise WindowInvalid("The window ends before it begins.", field="to")
    if end - begin > timedelta(days=366 * MOST_YEARS) or begin.year < 1972:
        raise WindowInvalid(f"A window spans at most {MOST_YEARS} years and begins in 1972 or later.", field="from")
    return Window(begin, end, zone_name)


def _ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _quarter(at: datetime) -> datetime:
    """When the quarter of an hour began that a moment is in."""
    return at.astimezone(UTC) - (at.astimezone(UTC) - datetime.min.replace(tzinfo=UTC)) % QUARTER


def _ahead(at: datetime, here: ZoneInfo) -> timedelta:
    return at.astimezone(here).utcoffset() or timedelta()


def _midnight(day: date, zone_name: str) -> datetime:
    """When a day begins; where clocks are set forth at midnight, that is one o'clock."""
    return datetime.combine(day, time(), zone(zone_name)).astimezone(UTC)


def _floor(at: datetime, grain: Grain) -> datetime:
    if grain is Grain.HOUR:
        return at.replace(minute=0, second=0, microsecond=0)
    day = at.date()
    if grain is Grain.WEEK:
        day -= timedelta(days=day.weekday())
    if grain is Grain.MONTH:
        day = day.replace(day=1)
    return datetime.combine(day, time(), at.tzinfo)


def _next(step: datetime, grain: Grain, here: ZoneInfo) -> datetime:
    if grain is Grain.HOUR:  # by the world's clock: an hour that comes twice has two bars
        return (step.astimezone(UTC) + timedelta(hours=1)).astimezone(here)
    day = step.date() + timedelta(days=7 if grain is Grain.WEEK else 1)
    if grain is Grain.MONTH:
        day = (step.date().replace(day=28) + timedelta(days=4)).replace(day=1)
    return datetime.combine(day, time(), here)
