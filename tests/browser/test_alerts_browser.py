"""An agent that goes round in circles, as it is seen while it does."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import Store
from tests.browser.conftest import Server
from tests.events import submitted

pytestmark = pytest.mark.browser

IDS = {"task_id": "t1", "agent_id": "a1"}


def at_work(store: Store) -> None:
    """An agent of another program, so that only its events come here."""
    asked = submitted(description="Fix the sign bug", runtime=Runtime.ATTACHED)
    about = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "m", "runtime": Runtime.ATTACHED}
    with store.write() as ledger:
        ledger.append(asked)
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.IN_PROGRESS))
        ledger.append(e.AgentCreated(**IDS, **about))
        ledger.append(e.StepMoved(task_id="t1", step="builder", to=StepStatus.ACTIVE))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))


def call(store: Store, number: int, command: str = "pytest -q", *, answered: bool = True) -> None:
    words, key = f"running: {command}", f"u{number}"
    with store.write() as ledger:
        given, got = ledger.keep(command.encode()), ledger.keep(b"1 failed in 0.1s")
        ledger.append(e.ToolCalled(**IDS, tool_use_id=key, tool="Bash", words=words, input_blob=given))
        if answered:
            ledger.append(e.ToolReturned(**IDS, tool_use_id=key, tool="Bash", is_error=True, output_blob=got))


def test_a_circle_is_told_on_every_page_at_once_and_goes_by_itself(server: Server, tab: Callable[..., Page]):
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    at_work(store)
    page = tab()
    page.goto(server.url)
    card = page.locator(".agent").first
    call(store, 0, answered=False)
    expect(card).to_contain_text(re.compile(r"running: pytest -q\s*for \d+:\d\d"))
    for number in range(6):
        call(store, number)
    expect(card.locator(".status")).to_have_text("looping", timeout=15_000)
    expect(page.locator(".st-key-attention")).to_contain_text("1 alert: Did the same")
    other = tab()
    other.goto(f"{server.url}/alerts")
    expect(
        other.get_by_text(re.compile("Did the same [56] times with the same answer: running: pytest -q.")).last
    ).to_be_visible()
    other.get_by_role("button", name="No", exact=True).click()
    expect(other.get_by_text("local said that this alert was wrong.")).to_be_visible()
    call(store, 7, "git diff")
    expect(card.locator(".status")).to_have_text("active", timeout=15_000)
    expect(page.locator(".st-key-attention")).to_have_count(0)
    expect(other.get_by_text("No open alert")).to_be_visible()
    expect(other.get_by_text("0 of 1 judged alert was right.")).to_be_visible()
    store.close()
