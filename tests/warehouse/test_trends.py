"""Trends: one question for all spans, to the millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from data.domain import windows
from data.domain.money import Tokens
from data.store import Store
from data.warehouse import Warehouse, costs, trends
from data.warehouse.costs import Cut
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import MODELS, START, Reply


@pytest.fixture
def warehouse(lite: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(lite, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def test_spans_that_begin_within_a_quarter_are_the_totals_of_the_same_windows(lite, warehouse):
    histories.begin(lite)
    told = [
        Reply(place % 6, place, "", MODELS[0], Tokens(1), 10**place, minutes, (), False)
        for place, minutes in enumerate((0, 7, 8, 9, 30 * 24 * 60 + 7, 30 * 24 * 60 + 8, 60 * 24 * 60 + 9))
    ]
    histories.play(lite, told)
    warehouse.refresh()
    for minutes in (7, 8, 15, 30):
        end = START + timedelta(days=90, minutes=minutes, milliseconds=1)
        cut = Cut(windows.between(end - timedelta(hours=1), end))
        with warehouse.look() as reader:
            for span in trends.spans(reader, cut):
                window = windows.between(end - timedelta(days=span.days), end)
                now, before = (costs.total(reader, Cut(one)).cost_nanousd for one in (window, window.before()))
                assert (span.cost_nanousd, span.before_nanousd) == (now, before)
