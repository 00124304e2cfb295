"""How full a context window was after each reply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.context import history, nearly_full

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def test_each_reply_leaves_what_it_read_and_wrote_and_a_compaction_stands_before_the_next():
    found = history([(at(3), 20, 5), (at(1), 100, 10), (at(2), 150, 30)], [at(2) + timedelta(milliseconds=500)])
    assert [(one.number, one.prompt, one.used, one.compacted) for one in found] == [
        (1, 100, 110, False),
        (2, 150, 180, False),
        (3, 20, 25, True),
    ]


def test_a_compaction_after_the_last_reply_marks_none():
    assert [one.compacted for one in history([(at(1), 1, 1)], [at(2)])] == [False]
    assert history([], [at(1)]) == []


@pytest.mark.parametrize(
    ("used", "window", "full"), [(79, 100, False), (80, 100, True), (200, 100, True), (5, None, False), (0, 0, False)]
)
def test_people_are_warned_from_four_fifths_on(used: int, window: int | None, full: bool):
    assert nearly_full(used, window) is full
