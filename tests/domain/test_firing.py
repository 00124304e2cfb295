"""When rules fire, and what is usual: for any history, and for those whose answer can be worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain import firing
from data.domain.alert_rules import DEFAULTS, MEASURES, AlertRule, Metric, RuleScope, checked
from data.domain.errors import AlertRuleInvalid
from data.domain.firing import DAY, QUARTER_MS, WEEK, Point

quarters = st.lists(st.integers(0, 60), max_size=40)


def points(found: list[int], subject: str = "fleet") -> list[Point]:
    return [Point(subject, number * QUARTER_MS, 1.0, "w") for number in sorted(set(found))]


def buckets(told: list[Point]) -> list[int]:
    return [point.bucket_ms // QUARTER_MS for point in told]


def test_one_stretch_is_told_once_and_the_next_after_the_cooldown():
    told = firing.fired(points([3, 4, 5, 7, 12, 13]), 4 * QUARTER_MS, {})
    assert buckets(told) == [3, 7, 12]
    told = firing.fired(points([3, 4, 5, 7, 12, 13]), 6 * QUARTER_MS, {})
    assert buckets(told) == [3, 12], "7 lies within the cooldown and is over by its end"


def test_a_stretch_that_outlasts_the_cooldown_is_told_at_its_end():
    assert buckets(firing.fired(points([0, 2, 3, 4, 5, 6]), 4 * QUARTER_MS, {})) == [0, 4]


@given(quarters, quarters, st.integers(1, 20))
def test_no_two_of_a_subject_lie_within_the_cooldown(one: list[int], other: list[int], cooldown: int):
    told = firing.fired(points(one, "a") + points(other, "b"), cooldown * QUARTER_MS, {})
    for subject in ("a", "b"):
        mine = buckets([point for point in told if point.subject == subject])
        assert all(after - before >= cooldown for before, after in itertools.pairwise(mine))
    assert bool(told) == bool(one or other)


@given(quarters, st.integers(1, 20))
def test_looking_again_and_again_tells_what_one_look_over_all_of_it_tells(found: list[int], cooldown: int):
    last: dict[str, int] = {}
    told: list[int] = []
    for now in range(61):
        seen = points([number for number in found if number <= now])
        for point in firing.fired(seen, cooldown * QUARTER_MS, last, (now - 4) * QUARTER_MS):
            last[point.subject] = point.bucket_ms
            told.append(point.bucket_ms // QUARTER_MS)
    assert told == buckets(firing.fired(points(found), cooldown * QUARTER_MS, {}))


def test_sums_over_a_window():
    assert firing.window_sums(np.array([1, 2, 3, 4]), 2).tolist() == [1, 3, 5, 7]


def weekly(weeks: int) -> np.ndarray:
    """100 in one hour of the week, 10 in all others."""
    one = np.full(WEEK, 10, dtype=np.int64)
    one[40:44] = 100
    return np.tile(one, weeks)


def at(*places: int) -> np.ndarray:
    return np.array(places)


def test_the_season_is_the_hour_of_the_week():
    series, busy, quiet = weekly(9), 8 * WEEK + 43, 8 * WEEK + 100
    usual = firing.usual(series, 4, at(busy))
    assert (bool(usual.weekly[0]), usual.median[0], usual.samples[0], firing.scores(usual)[0]) == (True, 400.0, 8, 0)
    series[quiet - 3 : quiet + 1] = 100
    assert firing.scores(firing.usual(series, 4, at(quiet)))[0] == pytest.approx((400 - 40) / (0.1 * 40))


def test_with_little_history_days_are_compared_and_with_less_nothing_is_said():
    series = weekly(4)
    usual = firing.usual(series, 4, at(8 * DAY - 2, 8 * DAY - 1))
    assert usual.known.tolist() == [False, True], "the first of seven days is not whole before"
    assert (bool(usual.weekly[1]), usual.spent[1], usual.samples[1]) == (False, 1320, 7)
    assert not firing.usual(series, 4, at(3 * WEEK + 2), first=2 * WEEK).known.any()


def test_where_the_hour_is_usually_quiet_days_are_compared():
    number = np.arange(64)
    series = np.zeros(64 * DAY, dtype=np.int64)
    series[number * DAY + number * 37 % 90] = 100  # once a day, each day at another time
    series[63 * DAY :] = 0
    series[-1] = 120
    usual = firing.usual(series, 4, at(len(series) - 1))
    assert (bool(usual.weekly[0]), usual.median[0], usual.spent[0]) == (False, 100.0, 120)
    assert firing.scores(usual)[0] == pytest.approx(2.0)


def days(*spent: int) -> tuple[np.ndarray, np.ndarray]:
    """One sum a day, and the last place."""
    series = np.zeros(len(spent) * DAY, dtype=np.int64)
    series[np.arange(len(spent)) * DAY] = spent
    return series, at(len(series) - 1)


def test_the_modified_z_score_of_iglewicz_and_hoaglin():
    """Of 10, 12, 11, 13, 12, 11, 100 the median is 12, and the median of what they lie away from it is 1."""
    series, last = days(10, 12, 11, 13, 12, 11, 100, 20)
    assert firing.scores(firing.usual(series, 4, last))[0] == pytest.approx(0.6745 * (20 - 12) / 1)


@given(st.lists(st.integers(0, 10**12), min_size=8, max_size=28), st.integers(1, 1000), st.integers(0, 10**12))
def test_scores_do_not_depend_on_the_unit_and_grow_with_what_was_spent(spent: list[int], unit: int, more: int):
    def score(factor: int, plus: int) -> float:
        series, last = days(*(day * factor for day in spent))
        series[-DAY] += plus
        return float(firing.scores(firing.usual(series, 4, last))[0])

    assert score(unit, 0) == pytest.approx(score(1, 0), rel=1e-9, abs=1e-9)
    assert score(1, more) >= score(1, 0)


@given(st.integers(1, 13), st.integers(10**6, 10**15))
def test_nearly_half_of_history_may_be_wild_without_moving_what_is_usual(wild: int, much: int):
    spent = [100 + day % 3 for day in range(28)] + [much]
    spent[1 : 2 * wild : 2] = [much] * wild
    series, last = days(*spent)
    usual = firing.usual(series, 4, last)
    assert 100 <= usual.median[0] <= 102
    assert firing.scores(usual)[0] > 3.5


def test_defaults_are_those_that_people_were_promised():
    on = {rule.metric for rule in DEFAULTS if rule.enabled}
    assert {Metric.BUDGET, Metric.CONTEXT, Metric.ANOMALY, Metric.STUCK} <= on
    assert Metric.AGENT_COST not in on
    assert [checked(rule) for rule in DEFAULTS] == list(DEFAULTS)
    assert set(MEASURES) == set(Metric)


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("name", AlertRule("", " ", Metric.SPEND, 1, 3600)),
        ("threshold", AlertRule("", "n", Metric.SPEND, 0, 3600)),
        ("threshold", AlertRule("", "n", Metric.SPEND, float("nan"), 3600)),
        ("threshold", AlertRule("", "n", Metric.CONTEXT, 101)),
        ("window_s", AlertRule("", "n", Metric.SPEND, 1, 0)),
        ("window_s", AlertRule("", "n", Metric.SPEND, 1, 3601)),
        ("window_s", AlertRule("", "n", Metric.CONTEXT, 80, 3600)),
        ("cooldown_s", AlertRule("", "n", Metric.SPEND, 1, 3600, cooldown_s=1)),
        ("scope", AlertRule("", "n", Metric.FAILURES, 3, 3600, RuleScope.ROLE, "tester")),
        ("subject", AlertRule("", "n", Metric.SPEND, 1, 3600, RuleScope.USER)),
        ("subject", AlertRule("", "n", Metric.SPEND, 1, 3600, subject="ana")),
        ("simulated", AlertRule("", "n", Metric.CONTEXT, 80, simulated=True)),
        ("least_usd", AlertRule("", "n", Metric.SPEND, 1, 3600, least_usd=-1)),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_field(field: str, rule: AlertRule):
    with pytest.raises(AlertRuleInvalid) as refused:
        checked(rule)
    assert refused.value.details["field"] == field
