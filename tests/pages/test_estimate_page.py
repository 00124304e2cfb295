"""What a task would cost as a person meets it: from seeded demos, over HTTP and at a terminal; real ones apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from data.domain.agents import Runtime
from data.domain.tasks import Draft
from orchestrator_adapter import cli_estimate, commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import bodies, estimates
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.seed import seed
from tests.pages.test_queue_pages import deck, page  # noqa: F401
from tests.pages.test_roi_page import NEW, tasks, words_of

TYPO = "Fix typo in error message"


def told(deck: Deck, **body: object) -> dict[str, Any]:  # noqa: F811
    call = Call(deck, LOCAL, {}, Kept())
    found = json.loads(estimates.estimate(call, bodies.TaskBody(**body)).body)
    estimates.EstimateShape.model_validate(found)
    return found


def shown(text: str) -> list[str]:
    at = page(NEW)
    at.text_area[0].set_value(text)
    at.run()
    assert not at.exception, at.exception[0].message
    return [*words_of(at), *(str(one.proto.body) for one in at.get("html"))]


def test_without_a_past_it_is_a_rule_of_thumb_that_says_so(deck: Deck) -> None:  # noqa: F811
    said = shown(TYPO)
    assert any("no task like it has ended yet, and 9 are needed: a rule of thumb by role" in text for text in said)
    assert any("A rule of thumb has no record" in text for text in said)
    assert any("rule of thumb</b>" in text for text in said), "each step says what it may cost"
    found = told(deck, description=TYPO)
    assert (found["source"], found["percent"], found["similar_tasks"]) == ("rule_of_thumb", None, 0)


def test_from_a_seeded_past_page_api_and_terminal_say_the_same(
    deck: Deck,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed(deck.store, days=30, tasks=150, seed=7)
    found = told(deck, description=TYPO, runtime="scripted")
    assert (found["source"], found["percent"], found["simulated"]) == ("similar_tasks", 80, True)
    assert found["similar_tasks"] >= 9
    assert found["cost_usd"]["low"] < found["cost_usd"]["high"]
    record = found["record"]
    assert record["made"] == sum(record["cost"].values()) == sum(record["duration"].values()) > 0
    assert {step["key"]: step["similar_steps"] >= 9 for step in found["workflow"]} == {"builder": True, "tester": True}
    said = shown(TYPO)
    assert any(record["words"] in text for text in said)
    assert any(found["basis"] in text for text in said)
    capsys.readouterr()
    cli_estimate.estimate(TYPO, runtime=Runtime.SCRIPTED, as_json=True)
    assert json.loads(capsys.readouterr().out) == found
    cli_estimate.estimate(TYPO, runtime=Runtime.SCRIPTED)
    printed = capsys.readouterr().out
    assert record["words"] in printed
    assert "past steps" in printed


def test_demos_tell_nothing_of_real_tasks_nor_the_other_way_round(deck: Deck) -> None:  # noqa: F811
    seed(deck.store, days=10, tasks=60, seed=3)
    assert told(deck, description=TYPO, runtime="claude")["source"] == "rule_of_thumb"
    tasks(deck.store, 40)
    real = commands.preview_task(deck, Draft("Refactor the parser", runtime=Runtime.CLAUDE))
    assert real.expected is not None
    assert (real.simulated, real.expected.tasks) == (False, 20)
    assert "whatever the folder" in real.basis
    demo = commands.preview_task(deck, Draft("Refactor the parser", runtime=Runtime.SCRIPTED))
    assert demo.expected is None or demo.cost_nanousd_high < real.cost_nanousd_low
