"""Schedules: when a report is due over changes of clocks and ends of months, and which days it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain import schedules, windows
from data.domain.agents import Role
from data.domain.errors import ScheduleInvalid, WindowInvalid
from data.domain.exports import Format, What
from data.domain.schedules import Frequency, Plan, Span, latest_due, next_due, sentence, window

PLAN = Plan("Week", ("c",), tz="Europe/Berlin")
DAILY = replace(PLAN, frequency=Frequency.DAILY)
MONTHLY = replace(PLAN, frequency=Frequency.MONTHLY)
plans = st.builds(
    replace,
    st.just(PLAN),
    frequency=st.sampled_from(Frequency),
    weekday=st.integers(1, 7),
    day=st.integers(1, 31),
    hour=st.integers(0, 23),
    tz=st.sampled_from(windows.zones()),
    span=st.sampled_from(Span),
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def dues(plan: Plan, after: datetime, number: int) -> list[datetime]:
    out = [next_due(plan, after)]
    while len(out) < number:
        out.append(next_due(plan, out[-1]))
    return out


def test_the_hour_of_the_zone_stays_when_its_clocks_are_set():
    found = dues(DAILY, utc(2026, 3, 28), 3)
    assert found == [utc(2026, 3, 28, 7), utc(2026, 3, 29, 6), utc(2026, 3, 30, 6)]
    assert dues(PLAN, utc(2026, 10, 18), 3) == [utc(2026, 10, 19, 6), utc(2026, 10, 26, 7), utc(2026, 11, 2, 7)]


def test_an_hour_that_is_left_out_comes_once_right_after_and_one_that_comes_twice_counts_once():
    at_two = replace(DAILY, hour=2)
    assert dues(at_two, utc(2026, 3, 28, 12), 2) == [utc(2026, 3, 29, 1), utc(2026, 3, 30, 0)]
    assert dues(at_two, utc(2026, 10, 24, 12), 2) == [utc(2026, 10, 25, 0), utc(2026, 10, 26, 1)]
    lord_howe = replace(DAILY, hour=2, tz="Australia/Lord_Howe")  # clocks go on by half an hour
    (due,) = dues(lord_howe, utc(2026, 10, 3, 0), 1)
    assert f"{due.astimezone(ZoneInfo(lord_howe.tz)):%d %H:%M}" == "04 02:30"


def test_a_day_that_a_zone_left_out_is_no_second_report():
    samoa = replace(DAILY, tz="Pacific/Apia")  # there was no 30 December 2011
    found = dues(samoa, utc(2011, 12, 28, 19), 3)
    assert [f"{due.astimezone(ZoneInfo(samoa.tz)):%m-%d %H}" for due in found] == ["12-29 08", "12-31 08", "01-01 08"]


def test_the_last_day_of_a_month_stands_for_those_that_it_has_not():
    found = dues(replace(MONTHLY, day=31, tz="UTC"), utc(2028, 1, 1), 4)
    assert [due.date() for due in found] == [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30)]
    assert next_due(replace(MONTHLY, day=30, tz="UTC"), utc(2026, 2, 1)).date() == date(2026, 2, 28)


def test_of_what_was_missed_the_last_is_sent():
    assert latest_due(DAILY, utc(2026, 3, 2, 7), utc(2026, 3, 5, 6, 59)) == utc(2026, 3, 4, 7)
    assert latest_due(DAILY, utc(2026, 3, 2, 7), utc(2026, 3, 5, 7)) == utc(2026, 3, 5, 7)
    assert latest_due(PLAN, utc(2026, 3, 2, 7), utc(2026, 3, 2, 7)) == utc(2026, 3, 2, 7)


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        (Span.YESTERDAY, date(2026, 3, 31), date(2026, 3, 31)),
        (Span.WEEK, date(2026, 3, 25), date(2026, 3, 31)),
        (Span.MONTH, date(2026, 3, 2), date(2026, 3, 31)),
        (Span.LAST_WEEK, date(2026, 3, 23), date(2026, 3, 29)),
        (Span.LAST_MONTH, date(2026, 3, 1), date(2026, 3, 31)),
    ],
)
def test_the_days_are_whole_ones_of_the_zone(span: Span, first: date, last: date):
    plan = replace(MONTHLY, span=span)
    (due,) = dues(plan, utc(2026, 3, 31, 12), 1)
    assert due == utc(2026, 4, 1, 6)
    assert window(plan, due) == windows.days(first, last, "Europe/Berlin")


@settings(deadline=None, max_examples=60)
@given(plans, moments)
def test_times_only_go_on_and_every_window_is_over(plan: Plan, after: datetime):
    one, two = dues(plan, after, 2)
    assert after < one < two
    assert two - one <= timedelta(days=32)
    assert latest_due(plan, one, two - timedelta(milliseconds=1)) == one
    found = window(plan, one)
    assert found.begin < found.end <= one
    local = one.astimezone(windows.zone(plan.tz))
    odd = local.hour != plan.hour  # only where clocks were set since the day before
    assert not odd or local.utcoffset() != (one - timedelta(days=1)).astimezone(local.tzinfo).utcoffset()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", " "),
        ("name", "two\nlines"),
        ("name", "n" * 121),
        ("formats", ()),
        ("channels", ()),
        ("channels", tuple(map(str, range(11)))),
        ("weekday", 0),
        ("weekday", 8),
        ("day", 32),
        ("hour", 24),
        ("hour", -1),
    ],
)
def test_what_is_no_plan_is_refused_by_its_field(field: str, wrong: object):
    with pytest.raises(ScheduleInvalid) as refused:
        schedules.checked(replace(PLAN, **{field: wrong}))
    assert refused.value.details["field"] == field


def test_a_zone_that_is_none_is_refused_and_doubles_are_one():
    with pytest.raises(WindowInvalid):
        schedules.checked(replace(PLAN, tz="Mars/Base"))
    kept = schedules.checked(replace(PLAN, name=" W ", formats=(Format.PDF, Format.PDF), channels=("c", "c")))
    assert (kept.name, kept.formats, kept.channels) == ("W", (Format.PDF,), ("c",))


def test_a_plan_is_one_sentence():
    assert sentence(PLAN) == "PDF over the last 7 days, every Monday at 08:00 (Europe/Berlin)"
    both = replace(MONTHLY, formats=(Format.PDF, Format.CSV), what=What.TASKS, span=Span.LAST_MONTH, simulated=True)
    assert sentence(both) == (
        "PDF and CSV of tasks over the month before (demo money), on day 1 of every month at 08:00 (Europe/Berlin)"
    )
    assert "7 days, only of builder, tasks without ANALYST, every" in sentence(
        replace(PLAN, role=Role.BUILDER, analyst=False)
    )
    assert sentence(replace(MONTHLY, day=31)).endswith("on the last day of every month at 08:00 (Europe/Berlin)")
