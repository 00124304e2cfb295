"""Windows: the days of a zone, over changes of its clocks, and the stretch before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain import windows
from data.domain.errors import WindowInvalid
from data.domain.windows import Grain, Preset, Window

NOW = datetime(2026, 11, 24, 18, 50, 12, tzinfo=UTC)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
names = st.sampled_from(windows.zones())


def test_a_preset_begins_at_the_zones_own_midnight_and_ends_with_the_quarter():
    assert windows.last(Preset.TODAY, NOW) == Window(
        datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 24, 19, tzinfo=UTC)
    )
    in_tokyo = windows.last(Preset.WEEK, NOW, "Asia/Tokyo")
    assert in_tokyo.begin == datetime(2026, 11, 18, 15, tzinfo=UTC)
    assert windows.last(Preset.THIS_MONTH, NOW, "Asia/Kolkata").begin == datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    assert windows.last(Preset.MONTH, NOW).begin == datetime(2026, 10, 26, tzinfo=UTC)


def test_days_are_as_long_as_the_clocks_make_them():
    berlin = windows.days(date(2026, 3, 28), date(2026, 3, 30), "Europe/Berlin")
    edges = [*berlin.edges(Grain.DAY), berlin.end]
    assert [b - a for a, b in pairwise(edges)] == [timedelta(hours=h) for h in (24, 23, 24)]
    hours = windows.days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin").edges(Grain.HOUR)
    assert len(hours) == 25
    assert [at.astimezone(ZoneInfo("Europe/Berlin")).hour for at in hours][:5] == [0, 1, 2, 2, 3]
    # where clocks are set forth at midnight the day begins at one
    beirut = windows.days(date(2026, 3, 29), date(2026, 3, 29), "Asia/Beirut")
    assert beirut.end - beirut.begin == timedelta(hours=23)
    # a day of half an hour more
    lord_howe = windows.days(date(2026, 4, 5), date(2026, 4, 5), "Australia/Lord_Howe")
    assert lord_howe.end - lord_howe.begin == timedelta(hours=24, minutes=30)


def test_weeks_begin_on_monday_and_months_on_their_first():
    window = windows.days(date(2026, 1, 15), date(2026, 3, 2))
    assert window.edges(Grain.WEEK)[0] == datetime(2026, 1, 12, tzinfo=UTC)
    assert window.edges(Grain.MONTH) == [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3)]


@given(moments, names, st.sampled_from(Preset))
def test_every_window_is_whole_quarters_and_cut_without_gaps(now, zone, preset):
    window = windows.last(preset, now, zone)
    assert window.begin <= now < window.end
    assert window.begin_ms % 900_000 == window.end_ms % 900_000 == 0
    before = window.before()
    assert before.end == window.begin
    assert before.end - before.begin == window.end - window.begin
    edges = window.edges(window.grain())
    assert edges[0] <= window.begin
    assert edges == sorted(set(edges))
    assert all(at.timestamp() % 900 == 0 for at in edges)
    assert all(at.astimezone(ZoneInfo(zone)).date() > edges[0].astimezone(ZoneInfo(zone)).date() for at in edges[24:])


@given(moments, names)
def test_edges_of_days_are_first_moments_of_dates(now, zone):
    here = ZoneInfo(zone)
    for at in windows.last(Preset.MONTH, now, zone).edges(Grain.DAY):
        assert (at - timedelta(seconds=1)).astimezone(here).date() != at.astimezone(here).date()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: windows.days(date(2026, 2, 2), date(2026, 2, 1)), "ends before it begins"),
        (lambda: windows.days(date(9999, 12, 30), date(9999, 12, 31)), "beyond the calendar"),
        (lambda: windows.between(NOW, NOW), "ends before it begins"),
        (lambda: windows.between(datetime(1800, 1, 1, tzinfo=UTC), NOW), "at most 50 years"),
        (lambda: windows.between(NOW, NOW + timedelta(1), "Mars/Base"), "There is no time zone 'Mars/Base'"),
        (lambda: windows.zone("../../etc/passwd"), "There is no time zone"),
        (lambda: windows.zone(""), "There is no time zone"),
        (lambda: windows.days(date(2020, 1, 1), date(2026, 1, 1)).edges(Grain.HOUR), "choose a larger step"),
    ],
)
def test_what_is_no_window_is_refused_in_a_sentence(ask, says):
    with pytest.raises(WindowInvalid, match=says):
        ask()


@settings(deadline=None)
@given(moments, names, st.integers(1, 400))
def test_between_two_changes_of_the_clocks_local_time_is_a_matter_of_adding(begin, name, length):
    window = windows.between(begin, begin + timedelta(days=length), name)
    offsets = window.offsets()
    assert offsets[0][0] <= window.begin
    for at in (offsets[0][0] + timedelta(hours=7) * step for step in range(0, length * 3, 5)):
        ahead = [ahead for since, ahead in offsets if since <= at][-1]
        assert at.astimezone(ZoneInfo(name)).utcoffset() == ahead
