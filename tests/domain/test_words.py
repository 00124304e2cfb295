"""Numbers and times as text: never wider than they need to be, never wrong by rounding."""

from __future__ import annotations

import doctest
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain import words
from data.domain.tasks import TaskType

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (1234, "1.2 k"), (9960, "10 k"), (999_499, "999 k"), (999_500, "1 M")],
)
def test_tokens_change_their_unit_where_rounding_would_need_four_figures(number: int, shown: str):
    assert words.tokens(number) == shown


@given(st.integers(0, 999_499_999_999))
def test_tokens_are_right_to_half_a_figure_and_at_most_three_figures_wide(number: int):
    shown = words.tokens(number)
    found = re.fullmatch(r"(\d{1,3}|\d\.\d)(?: ([kMB]))?", shown)
    assert found, shown
    size = {None: 1, "k": 10**3, "M": 10**6, "B": 10**9}[found[2]]
    assert abs(float(found[1]) * size - number) <= max(0.05 * number, 0.051 * size if "." in found[1] else 0.5 * size)


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_more_tokens_never_read_as_fewer(a: int, b: int):
    def value(text: str) -> float:
        number, _, unit = text.partition(" ")
        return float(number.replace(",", "")) * {"": 1, "k": 1e3, "M": 1e6, "B": 1e9}[unit]

    low, high = sorted((a, b))
    assert value(words.tokens(low)) <= value(words.tokens(high))


@given(st.integers(0, 3599))
def test_a_short_duration_can_be_read_back(seconds: int):
    minutes, rest = words.duration(seconds).split(":")
    assert int(minutes) * 60 + int(rest) == seconds
    assert len(rest) == 2


@given(st.integers(3600, 86_399))
def test_a_long_duration_can_be_read_back_to_the_minute(seconds: int):
    hours, rest = words.duration(seconds).split(" h ")
    assert int(hours) * 60 + int(rest) == seconds // 60


def test_a_clock_that_was_set_back_does_not_count_backwards():
    assert words.duration(-5) == "0:00"
    assert words.ago(NOW + timedelta(seconds=5), NOW) == "just now"


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_none_and_all_are_said_only_of_none_and_all(part: int, whole: int):
    part = min(part, whole)
    assert (words.percent(part, whole) == "0 %") == (part == 0)
    assert (words.percent(part, whole) == "100 %") == (part == whole)


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(seconds=50), "1 min ago"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=60), "2026-04-02"),
    ],
)
def test_ago(before: timedelta, shown: str):
    assert words.ago(NOW - before, NOW) == shown


@given(st.text(max_size=200), st.integers(2, 60))
def test_shortened_text_is_one_line_that_fits(text: str, most: int):
    shown = words.shortened(text, most)
    assert len(shown) <= most
    assert len(shown.splitlines()) <= 1


def test_a_title_is_the_first_line_that_says_something():
    assert words.title("\n\n# Fix the sign bug\nin add()") == "Fix the sign bug"
    assert words.title(" \n ") == "Untitled"


@pytest.mark.parametrize(
    ("path", "home", "shown"),
    [
        ("/home/grace/src/calc", "/home/grace", "~/src/calc"),
        ("/home/grace", "/home/grace", "~"),
        ("/home/graceful", "/home/grace", "/home/graceful"),
        ("/srv/x", "", "/srv/x"),
    ],
)
def test_folder(path: str, home: str, shown: str):
    assert words.folder(path, home) == shown


def test_every_task_type_reads_as_words():
    assert {words.task_type(kind) for kind in TaskType} >= {"bug fix", "feature implementation"}
