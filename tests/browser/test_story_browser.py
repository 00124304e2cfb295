"""An attached orchestrator is seen live, its finished agents are folded, and its story plays in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from data.store import Store
from orchestrator_adapter.ingest import attach
from orchestrator_adapter.ingest.attach import Attached
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def run(server: Server) -> Iterator[Attached]:
    """This process is the other program: its builder is done, its tester is at work."""
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    attached = attach.task(store, "Fix the login", roles=["builder", "tester"], working_directory="/src")
    used = SimpleNamespace(input_tokens=10, output_tokens=20, cache_creation_input_tokens=0, cache_read_input_tokens=0)
    used.total_cost = 0.25
    for agent_id, role in (("u-1", "builder"), ("u-2", "tester")):
        attached.created(agent_id, role.capitalize(), role, "claude-sonnet-5-5")
        attached.started(agent_id)
    attached.metered("u-1", used, "claude-sonnet-5-5")
    attached.ended("u-1")
    yield attached
    attached.finish(success=True, result="fine")
    store.close()


def test_a_task_is_watched_folded_and_played(server: Server, tab: Callable[..., Page], run: Attached):
    page = tab()
    page.goto(server.url)
    crew = page.get_by_role("button", name="2 agents, 1 finished ($0.25 · 30 tokens)")
    expect(page.locator(".agent")).to_have_count(1)
    crew.click()
    expect(page.locator(".member")).to_have_text([re.compile("Tester.*active"), re.compile("Builder.*completed")])
    page.get_by_role("button", name="Show 1 finished agent").click()
    expect(page.locator(".agent")).to_have_count(2)
    run.tracker.thinking("u-2")
    expect(page.locator(".agent .activity").first).to_contain_text("thinking")
    page.goto(f"{server.url}/task?id={run.task_id}")
    expect(page.get_by_role("button", name="Show 1 finished agent ($0.25 · 30 tokens)")).to_be_visible()
    page.get_by_role("tab", name="Story").click()
    page.get_by_role("button", name="Play").click()
    expect(page).to_have_url(re.compile(r"at=\d+"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="One step on")).to_be_enabled()  # somewhere on the way
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="One step on")).to_be_disabled()
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # it has come to its end by itself
    expect(page.get_by_role("list", name="The agents then").get_by_role("listitem")).to_have_count(2)
