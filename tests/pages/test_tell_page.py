"""Interrupting an agent with a message from its page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.events import AgentCreated, AgentMoved, AgentTold, AlertRaised
from data.domain.tasks import TaskStatus
from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened
from tests.pages.test_control import moved, told

OPENS, TEXT, SENDS = "tell-a1", "tell-text-a1", "tell-sure"


def an_agent(deck: Deck, *, runtime: Runtime = Runtime.SCRIPTED, to: AgentStatus = AgentStatus.ACTIVE) -> None:
    deck.engine.close()  # or it would do the task
    told(deck, moved(TaskStatus.IN_PROGRESS))
    ids = {"task_id": "t1", "agent_id": "a1"}
    with deck.store.write() as ledger:
        ledger.append(
            AgentCreated(**ids, step="builder", role=Role.BUILDER, name="Builder", model="m", runtime=runtime)
        )
        ledger.append(AgentMoved(**ids, to=AgentStatus.ACTIVE))
        if to is not AgentStatus.ACTIVE:
            ledger.append(AgentMoved(**ids, to=to))


def page() -> AppTest:
    return opened("pages/watch/agent.py", id="a1")


def said(deck: Deck) -> list[str]:
    with deck.store.read() as board:
        return [entry.event.words for entry in board.events(agent_id="a1") if isinstance(entry.event, AgentTold)]


def send(at: AppTest, text: str) -> AppTest:
    at.button(key=OPENS).click().run()
    at.text_area(key=TEXT).set_value(text)
    at.button(key=OPENS).click()
    at.button(key=SENDS).click()
    return at.run()


def test_a_live_agent_is_interrupted_with_a_message(deck: Deck):
    an_agent(deck)
    at = page()
    at.button(key=OPENS).click().run()
    assert any("what it has done stays; it goes on with your message" in text.value for text in at.markdown)
    at = send(page(), "Try the other file.")
    assert not at.exception
    assert [error.value for error in at.error] == []
    assert said(deck) == ["Try the other file."]


def test_an_empty_message_and_one_that_comes_too_late_are_refused_in_the_dialog(deck: Deck):
    an_agent(deck)
    at = send(page(), "  ")
    assert [error.value for error in at.error] == ["text must have 1 to 2000 characters, not 0."]
    at.button(key=OPENS).click().run()
    with deck.store.write() as ledger:
        ledger.append(AgentMoved(task_id="t1", agent_id="a1", to=AgentStatus.COMPLETED))
    at.text_area(key=TEXT).set_value("wait")
    at.button(key=SENDS).click().run()
    assert [error.value for error in at.error] == ["An agent that is completed reads no message any more."]
    assert said(deck) == []


@pytest.mark.parametrize(
    ("runtime", "to"), [(Runtime.SCRIPTED, AgentStatus.COMPLETED), (Runtime.ATTACHED, AgentStatus.ACTIVE)]
)
def test_nobody_is_offered_to_talk_to_an_agent_that_does_not_hear(deck: Deck, runtime: Runtime, to: AgentStatus):
    an_agent(deck, runtime=runtime, to=to)
    assert OPENS not in {button.key for button in page().button}


def test_an_alert_offers_it_too(deck: Deck):
    an_agent(deck)
    with deck.store.write() as ledger:
        ledger.append(AlertRaised(task_id="t1", agent_id="a1", alert_id="stuck-1", about="stuck", words="No progress."))
    at = opened("pages/guard/alerts.py")
    at.button(key="tell-stuck-1").click().run()
    at.text_area(key=TEXT).set_value("Go on.")
    at.button(key="tell-stuck-1").click()
    at.button(key=SENDS).click().run()
    assert said(deck) == ["Go on."]
    assert "tell-stuck-1" in {button.key for button in page().button}, "the agent's page has the alert, too"
