"""Where a period will end: worked out by hand where that can be, and right as often as it says."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain import projection
from data.domain.budgets import Period
from data.domain.firing import DAY


@pytest.mark.parametrize(
    ("period", "end"),
    [
        (Period.DAY, datetime(2026, 12, 31, tzinfo=UTC)),
        (Period.WEEK, datetime(2027, 1, 4, tzinfo=UTC)),
        (Period.MONTH, datetime(2027, 1, 1, tzinfo=UTC)),
        (Period.TOTAL, None),
    ],
)
def test_when_a_period_is_over(period: Period, end: datetime | None):
    assert projection.ends(period, datetime(2026, 12, 30, 23, 59, tzinfo=UTC)) == end


def steady(days: int) -> np.ndarray:
    """10 in every quarter of an hour."""
    return np.full(days * DAY, 10, dtype=np.int64)


def test_a_fleet_that_always_spends_the_same_has_a_certain_end():
    now = 20 * DAY + 40
    found = projection.project(steady(30), now, 2, 410, 10**6, 0)
    assert found is not None
    came = 410 + (DAY - 41) * 10 + 2 * DAY * 10
    assert (found.low, found.middle, found.high, found.over, found.days) == (came, came, came, 0.0, 20)
    assert found.held == found.made == 11, "with 7 days of history before each"


def test_with_less_than_a_week_nothing_is_projected():
    assert projection.project(steady(30), 10 * DAY + 3, 0, 0, 1, 3 * DAY + 1) is None
    assert projection.project(steady(30), 10 * DAY + 3, 0, 0, 1, 3 * DAY) is not None


@given(st.lists(st.integers(0, 10**9), min_size=8, max_size=40), st.integers(0, DAY - 1), st.integers(0, 30))
def test_what_is_spent_stays_spent_and_the_interval_is_in_order(days: list[int], quarter: int, further: int):
    series = np.repeat(np.array(days, dtype=np.int64), DAY)
    found = projection.project(series, (len(days) - 1) * DAY + quarter, further, 5, 10**9, 0)
    assert found is not None
    assert 5 <= found.low <= found.middle <= found.high
    assert 0 <= found.over <= 1
    assert 0 <= found.held <= found.made


def test_intervals_hold_about_as_often_as_they_say_where_days_are_alike():
    """60 made-up fleets whose days are drawn from one distribution, each asked at noon for the day and three more."""
    random, held = np.random.default_rng(3), 0
    for _ in range(60):
        series = random.gamma(0.5, 100, 40 * DAY).astype(np.int64)
        now = 35 * DAY + 48
        found = projection.project(series, now, 3, 0, 1, 0)
        assert found is not None
        held += found.low <= int(series[now + 1 : 39 * DAY].sum()) <= found.high
    assert 38 <= held <= 57, "48 are expected; this far off happens to one fleet of days in a thousand"


def test_a_period_is_marked_only_where_it_lies_far_above_enough_others():
    assert projection.unusual(np.array([10, 12, 11, 13, 12, 11, 12, 90, 12])) == [False] * 7 + [True, False]
    assert projection.unusual(np.array([1, 1, 1, 100])) == [False] * 4
