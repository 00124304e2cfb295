"""Schedules of reports: what is sent, to whom, and when it is due by the clocks of a zone."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from data.domain import windows
from data.domain.agents import Role
from data.domain.errors import ScheduleInvalid
from data.domain.exports import Format, What
from data.domain.tasks import TaskType
from data.domain.texts import storable
from data.domain.windows import Grain, Window

MOST_NAME = 120
MOST_CHANNELS = 10
MOST_SCHEDULES = 50
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Frequency(StrEnum):
    """How often a report is sent."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Span(StrEnum):
    """Which days a report is about: whole ones, all of them over when it is due."""

    YESTERDAY = "yesterday"
    WEEK = "7d"
    MONTH = "30d"
    LAST_WEEK = "last_week"
    LAST_MONTH = "last_month"


SPANS = {
    Span.YESTERDAY: "the day before",
    Span.WEEK: "the last 7 days",
    Span.MONTH: "the last 30 days",
    Span.LAST_WEEK: "the week before, from Monday to Sunday",
    Span.LAST_MONTH: "the month before",
}
FORMATS = {Format.PDF: "PDF", Format.CSV: "CSV", Format.JSON: "JSON", Format.PARQUET: "Parquet"}


@dataclass(frozen=True)
class Plan:
    """What people say of a schedule."""

    name: str
    channels: tuple[str, ...]
    """Ids of the channels by which it is sent."""
    formats: tuple[Format, ...] = (Format.PDF,)
    what: What = What.COSTS
    """What the rows of other files than the PDF are of."""
    span: Span = Span.WEEK
    frequency: Frequency = Frequency.WEEKLY
    weekday: int = 1
    """Of a weekly one: 1 for Monday to 7 for Sunday."""
    day: int = 1
    """Of a monthly one; in a month that is too short the last one."""
    hour: int = 8
    """Of the zone's clock; an hour that clocks leave out comes with the first moment after it."""
    tz: str = windows.UTC_NAME
    grain: Grain = Grain.DAY
    """The steps of time of rows of costs."""
    simulated: bool = False
    role: Role | None = None
    model: str | None = None
    task_type: TaskType | None = None
    folder: str | None = None
    user: str | None = None
    analyst: bool | None = None

    def __post_init__(self) -> None:
        """Its texts are such that every database takes them, also in an event."""
        for field in ("name", "tz", "model", "folder", "user"):
            if (text := getattr(self, field)) is not None:
                object.__setattr__(self, field, storable(text))
        object.__setattr__(self, "channels", tuple(map(storable, self.channels)))


@dataclass(frozen=True)
class Schedule:
    """A plan as it stands."""

    id: str
    plan: Plan
    enabled: bool
    version: int
    changed_by: str
    changed_at: datetime
    last_at: datetime | None = None
    """When it was last due."""
    next_at: datetime | None = None
    """When it is due next; None while it is paused."""


def next_due(plan: Plan, after: datetime) -> datetime:
    """The first moment (UTC) after another one at which the plan is due.

    An hour that the zone's clocks have twice counts the first time; one that they leave out is moved on by as much.
    """
    here = windows.zone(plan.tz)
    day = after.astimezone(here).date() - timedelta(days=1)
    while True:
        if _falls_on(plan, day):
            due = datetime.combine(day, time(plan.hour), here).astimezone(UTC)
            if due > after:
                return due
        day += timedelta(days=1)


def _falls_on(plan: Plan, day: date) -> bool:
    match plan.frequency:
        case Frequency.DAILY:
            return True
        case Frequency.WEEKLY:
            return day.isoweekday() == plan.weekday
        case Frequency.MONTHLY:
            return day.day == min(plan.day, monthrange(day.year, day.month)[1])


def latest_due(plan: Plan, first: datetime, now: datetime) -> datetime:
    """Of what was due from `first` on, which itself is over, the last until now: what was missed is sent once."""
    due = first
    while (after := next_due(plan, due)) <= now:
        due = after
    return due


def window(plan: Plan, due: datetime) -> Window:
    """The days that the report of this time is about, however late it is made."""
    today = due.astimezone(windows.zone(plan.tz)).date()
    yesterday = today - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    match plan.span:
        case Span.YESTERDAY:
            first, last = yesterday, yesterday
        case Span.WEEK:
            first, last = today - timedelta(days=7), yesterday
        case Span.MONTH:
            first, last = today - timedelta(days=30), yesterday
        case Span.LAST_WEEK:
            first, last = monday - timedelta(days=7), monday - timedelta(days=1)
        case Span.LAST_MONTH:
            last = today.replace(day=1) - timedelta(days=1)
            first = last.replace(day=1)
    return windows.days(first, last, plan.tz)


def timing(plan: Plan) -> tuple[object, ...]:
    """What decides when it is due."""
    return plan.frequency, plan.weekday, plan.day, plan.hour, plan.tz


def sentence(plan: Plan) -> str:
    """`PDF and CSV of tasks over the last 7 days, every Monday at 08:00 (Europe/Berlin)`."""
    told = [FORMATS[one] if one is Format.PDF else f"{FORMATS[one]} of {plan.what}" for one in plan.formats]
    demo = " (demo money)" if plan.simulated else ""
    only = f", only of {found}" if (found := chosen(plan)) else ""
    return f"{' and '.join(told)} over {SPANS[plan.span]}{demo}{only}, {_when(plan)} at {plan.hour:02}:00 ({plan.tz})"


def chosen(plan: Plan) -> str:
    """The filters in words; empty if there are none."""
    parts = [plan.role, plan.model, plan.task_type, plan.folder, plan.user]
    found = [str(part) for part in parts if part is not None]
    if plan.analyst is not None:
        found.append("tasks with ANALYST" if plan.analyst else "tasks without ANALYST")
    return ", ".join(found)


def _when(plan: Plan) -> str:
    match plan.frequency:
        case Frequency.DAILY:
            return "every day"
        case Frequency.WEEKLY:
            return f"every {WEEKDAYS[plan.weekday - 1]}"
        case Frequency.MONTHLY:
            return f"on day {plan.day} of every month" if plan.day < 31 else "on the last day of every month"


def checked(plan: Plan) -> Plan:
    """The plan as it is kept. Raises ScheduleInvalid, or WindowInvalid for a zone that is none."""
    name = plan.name.strip()
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise ScheduleInvalid(f"name must have 1 to {MOST_NAME} characters in one line.", field="name")
    formats, channels = tuple(dict.fromkeys(plan.formats)), tuple(dict.fromkeys(plan.channels))
    if not formats:
        raise ScheduleInvalid(f"formats must name at least one of {', '.join(Format)}.", field="formats")
    if not 1 <= len(channels) <= MOST_CHANNELS:
        raise ScheduleInvalid(f"channels must name 1 to {MOST_CHANNELS} channels.", field="channels")
    for field, value, least, most in (
        ("weekday", plan.weekday, 1, 7),
        ("day", plan.day, 1, 31),
        ("hour", plan.hour, 0, 23),
    ):
        if not least <= value <= most:
            raise ScheduleInvalid(f"{field} must be from {least} to {most}.", field=field)
    windows.zone(plan.tz)
    return replace(plan, name=name, formats=formats, channels=channels)
