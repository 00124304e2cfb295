"""The pages Performance and Trends: asked by their address, empty and with work, the numbers of the warehouse."""

from __future__ import annotations

import pytest

from orchestrator_adapter.deck import Deck
from orchestrator_adapter.seed import seed
from tests.pages.opening import opened
from tests.pages.test_history_page import text

PERFORMANCE = "pages/measure/performance.py"
TRENDS = "pages/measure/trends.py"


@pytest.fixture
def seeded(deck: Deck) -> Deck:
    seed(deck.store, days=20, tasks=12, seed=3)
    return deck


def test_without_any_work_it_says_what_to_do(deck: Deck) -> None:
    for page in (PERFORMANCE, TRENDS):
        assert "There was no real work in this time" in text(opened(page))


def test_how_the_fleet_works_is_said_first_and_a_filter_holds_for_all_of_it(seeded: Deck) -> None:
    at = opened(PERFORMANCE, money="Simulated")
    assert "In 30 days of simulated work" in text(at)
    assert len(at.get("arrow_vega_lite_chart")) + len(at.get("vega_lite_chart")) == 8
    at = opened(PERFORMANCE, money="Simulated", cost_role="tester", kinds="Without cache reads")
    assert "for tester" in text(at)


def test_how_the_fleet_changes_has_its_charts(seeded: Deck) -> None:
    at = opened(TRENDS, money="Simulated", busy="Money")
    assert "How simulated work changes" in text(at)
    assert len(at.get("arrow_vega_lite_chart")) + len(at.get("vega_lite_chart")) == 8
