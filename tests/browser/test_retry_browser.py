"""An agent that waits for its next try: the card says why, and counts down to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

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


def waiting_agent(server: Server) -> None:
    """Written by another process; nobody here runs it, so it goes on waiting."""
    ids = {"task_id": "t1", "agent_id": "a1"}
    asked = submitted(description="Fix the sign bug", runtime=Runtime.ATTACHED)
    model = "claude-sonnet-5-5"
    created = e.AgentCreated(
        **ids, step="builder", role=Role.BUILDER, name="Builder", model=model, runtime=Runtime.ATTACHED
    )
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    with store.write() as ledger:
        at = ledger.now() + timedelta(seconds=55)
        for event in (
            asked,
            e.TaskMoved(task_id="t1", to=TaskStatus.IN_PROGRESS),
            created,
            e.StepMoved(task_id="t1", step="builder", to=StepStatus.ACTIVE),
            e.AgentMoved(**ids, to=AgentStatus.ACTIVE),
            e.AgentMoved(**ids, to=AgentStatus.WAITING),
            e.StepRetried(**ids, step="builder", attempt=2, most=3, why="overloaded (529)", retry_at=at),
        ):
            ledger.append(event)
    store.close()


def test_the_card_counts_down_to_the_next_try(server: Server, tab: Callable[..., Page]):
    waiting_agent(server)
    page = tab()
    page.goto(server.url)
    card = page.locator(".agent").first
    expect(card).to_contain_text("waiting for try 2 of 3: overloaded (529)")
    until = card.get_by_title("Until the next try")
    expect(until).to_have_text(re.compile(r"in 0:[1-5]\d"))
    before = until.inner_text()
    expect(until).not_to_have_text(before)
    page.goto(f"{server.url}/agent?id=a1")
    expect(page.get_by_text(re.compile(r"^\d\d:\d\d:\d\d UTC$"))).to_be_visible()
    page.goto(f"{server.url}/task?id=t1")
    expect(page.locator(".line").filter(has_text="overloaded (529): try 2 of 3")).to_be_visible()
