"""Workflows compared as a person meets them: the same numbers on the page, over HTTP, at a terminal, and as a hint."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator_adapter import cli_frontier
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import frontier as api
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.seed import seed
from tests.pages.opening import ENTRY
from tests.pages.opening import opened as page
from tests.pages.test_queue_pages import deck  # noqa: F401
from tests.pages.test_roi_page import NEW, tasks, words_of

PERFORMANCE = "pages/measure/performance.py"


def told(deck: Deck, **query: object) -> dict[str, Any]:  # noqa: F811
    found = json.loads(api.frontier(Call(deck, LOCAL, {}, Kept()), api.FrontierQuery(**query)).body)
    api.FrontierShape.model_validate(found)
    return found


def test_page_api_and_terminal_say_the_same(
    deck: Deck,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks(deck.store, 80)
    found = told(deck)
    (kind,) = found["kinds"]
    assert (kind["task_type"], kind["complexity"], kind["tasks"]) == ("refactoring", "complex", 80)
    assert {tuple(way["roles"]): way["tasks"] for way in kind["ways"]} == {("analyst",): 40, ("builder",): 40}
    assert kind["recommended"] == ["builder"]
    said = words_of(page(PERFORMANCE))
    assert any(kind["words"] in text for text in said)
    capsys.readouterr()
    cli_frontier.frontier(as_json=True)
    assert json.loads(capsys.readouterr().out)["kinds"] == found["kinds"]
    cli_frontier.frontier()
    assert kind["words"] in capsys.readouterr().out


def test_simulated_workflows_are_compared_with_simulated_ones_alone(deck: Deck) -> None:  # noqa: F811
    seed(deck.store, days=20, tasks=80, seed=7)
    assert told(deck)["kinds"] == []
    kinds = told(deck, simulated=True)["kinds"]
    assert sum(kind["tasks"] for kind in kinds) > 40
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.query_params["money"] = "Simulated"
    at.switch_page(PERFORMANCE).run()
    assert not at.exception
    assert any(kinds[0]["words"] in text for text in words_of(at))
    at = page(NEW)
    at.text_area[0].set_value("Fix typo in error message")
    at.run()
    assert not at.exception
    assert any(info.value.startswith("For the type simple bug fix ") for info in at.info)


def test_nothing_yet_is_said_and_draws_nothing(deck: Deck) -> None:  # noqa: F811
    tasks(deck.store, 2)
    (kind,) = told(deck)["kinds"]
    assert kind["recommended"] is None
    assert "nothing is recommended yet: no workflow has 20 priced tasks that ended" in kind["words"]
