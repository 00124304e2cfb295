"""What work would have cost otherwise, as a person meets it, over HTTP and at a terminal: the same ranges."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import AgentNotFound, InvalidField, ModelUnknown, TaskNotFound
from data.domain.money import Tokens
from data.domain.prices import book
from orchestrator_adapter import cli_what_if, what_if
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import shapes
from orchestrator_adapter.api import what_if as api
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.kept import Kept
from tests.pages.opening import ENTRY
from tests.pages.test_queue_pages import deck  # noqa: F401
from tests.pages.test_roi_page import TASK, tasks, words_of

MODEL, OTHER = "claude-opus-5-5", "claude-haiku-5-5"
TOKENS = Tokens(input=100, output=2_000, cache_read=50_000, cache_write_5m=4_000)


def paid(deck: Deck) -> int:  # noqa: F811
    """A task of one ANALYST with one real reply at the price of the list."""
    now, ids = deck.store.now(), {"task_id": "real", "agent_id": "analyst-1"}
    cost = book().cost_nanousd(MODEL, TOKENS, now)
    with deck.store.write() as ledger:
        ledger.append(
            e.TaskSubmitted(
                task_id="real",
                description="Refactor the lexer",
                task_type="refactoring",
                complexity="complex",
                analyst_included=True,
                analyst_reason="",
                workflow=(e.StepSpec(key="s", role=Role.ANALYST, scope="Look"),),
                working_directory="/src",
                runtime=Runtime.CLAUDE,
                by="ana",
            )
        )
        ledger.append(e.AgentCreated(**ids, step="s", role=Role.ANALYST, name="A", model=MODEL, runtime=Runtime.CLAUDE))
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
        ledger.append(e.MessageMetered(**ids, message_id="m-real", model=MODEL, tokens=TOKENS, cost_nanousd=cost))
    assert cost is not None
    return cost


def told(deck: Deck, path: str = "real", **query: Any) -> dict[str, Any]:  # noqa: F811
    call = Call(deck, LOCAL, {"id": path}, Kept())
    ask = api.of_task if path == "real" else api.of_agent
    found = json.loads(ask(call, api.WhatIfQuery(**query)).body)
    api.WhatIfShape.model_validate(found)
    return found


def test_page_api_and_terminal_say_the_same(
    deck: Deck,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    cost = paid(deck)
    found = told(deck)
    assert [one["what"] for one in found["answers"]] == ["model", "model", "date", "cache", "analyst"]
    assert found["cost_usd"] == round(cost / 1e9, 6)
    assert (found["unpriced_replies"], found["simulated"]) == (0, False)
    of_model, _, of_day, of_cache, of_analyst = found["answers"]
    assert of_model["cost_usd"]["low"] < of_model["cost_usd"]["high"]
    assert of_day["cost_usd"] == {"low": found["cost_usd"], "high": found["cost_usd"]}
    assert of_cache["cost_usd"]["high"] > found["cost_usd"]
    assert (of_analyst["cost_usd"], "No verdict" in of_analyst["assumption"]) == (None, True)
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.query_params["id"] = "real"
    at.session_state["tab"] = "What if"
    at.switch_page(TASK).run()
    assert not at.exception, at.exception[0].message
    said = words_of(at)
    assert all(any(one["assumption"] in text for text in said) for one in found["answers"])
    capsys.readouterr()
    cli_what_if.what_if("real", as_json=True)
    assert json.loads(capsys.readouterr().out) == found
    cli_what_if.what_if("analyst-1", agent=True, model=OTHER)
    assert f"With {OTHER}" in capsys.readouterr().out


def test_all_spending_of_a_window_is_the_same_question(
    deck: Deck,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    cost = paid(deck)
    call = Call(deck, LOCAL, {}, Kept())

    def asked(**query: Any) -> dict[str, Any]:
        found = json.loads(api.of_costs(call, api.SpendingQuery(**query)).body)
        api.SpendingWhatIf.model_validate(found)
        return found

    found, of_task = asked(), told(deck)
    assert found["cost_usd"] == round(cost / 1e9, 6)
    by_title = {one["title"]: one for one in found["answers"]}
    for one in of_task["answers"]:
        assert by_title[one["title"]]["cost_usd"] == one["cost_usd"]
        assert by_title[one["title"]]["exact"] == one["exact"]
    assert all(one["left_out_replies"] == 0 and one["against_usd"] == found["cost_usd"] for one in found["answers"])
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.session_state["costs-otherwise"] = True
    at.switch_page("pages/measure/costs.py").run()
    assert not at.exception, at.exception[0].message
    said = words_of(at)
    assert all(any(one["assumption"] in text for text in said) for one in found["answers"])
    assert any("exactly" in text for text in said)
    capsys.readouterr()
    cli_what_if.what_if(as_json=True)
    assert json.loads(capsys.readouterr().out)["answers"] == found["answers"]
    cli_what_if.what_if(role=Role.TESTER, model=OTHER, as_json=True)
    nothing = json.loads(capsys.readouterr().out)
    assert (nothing["cost_usd"], nothing["answers"][0]["cost_usd"]) == (0, None)
    part = asked(role="analyst", other_model=OTHER, date="2026-01-01")["answers"]
    assert [one["title"] for one in part][:2] == [f"With {OTHER}", "At the prices of 2026-01-01"]
    assert "of one role or model" in part[-1]["assumption"]
    with pytest.raises(InvalidField, match="nothing to filter"):
        cli_what_if.what_if("real", role=Role.TESTER)
    with pytest.raises(InvalidField, match="needs the ID"):
        cli_what_if.what_if(agent=True)


def test_spending_without_analysts_by_the_comparison_once_it_has_a_verdict(deck: Deck) -> None:  # noqa: F811
    cost = paid(deck)
    tasks(deck.store, 80)
    cut = api.SpendingQuery(**{"from": "2000-01-01T00:00:00Z"}).cut(deck.store.now())
    found = what_if.of_costs(deck, cut)
    answer = found.answers[-1]
    assert answer.cost is not None, answer.assumption
    assert answer.cost.low < answer.cost.high
    assert found.cost_nanousd > cost
    assert "all others as they were" in answer.assumption


def test_one_agent_one_model_one_day(deck: Deck) -> None:  # noqa: F811
    paid(deck)
    found = told(deck, "analyst-1", model="haiku", date="2026-01-01")
    assert [(one["what"], one["title"]) for one in found["answers"]] == [
        ("model", f"With {OTHER}"),
        ("date", "At the prices of 2026-01-01"),
        ("cache", "Without the cache"),
    ]
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.query_params["id"], at.query_params["tab"] = "analyst-1", "Cost"
    at.session_state["otherwise"] = True
    at.switch_page("pages/watch/agent.py").run()
    assert not at.exception, at.exception[0].message


def test_without_the_analyst_by_the_comparison_once_it_has_a_verdict(deck: Deck) -> None:  # noqa: F811
    paid(deck)
    tasks(deck.store, 80)
    found = what_if.of_task(deck, "real").answers[-1]
    assert found.cost is not None
    assert 0 < found.cost.low < found.cost.high
    with deck.store.read() as board:
        assert shapes.task(board.task("real"))["analyst"]["cost_usd"] > 0


def test_what_is_not_there_is_refused(deck: Deck) -> None:  # noqa: F811
    paid(deck)
    with pytest.raises(ModelUnknown, match="has no known price"):
        what_if.of_task(deck, "real", "no-such-model")
    with pytest.raises(TaskNotFound):
        what_if.of_task(deck, "nobody")
    with pytest.raises(AgentNotFound):
        what_if.of_agent(deck, "nobody")
