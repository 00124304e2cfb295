"""Search in a real browser: hits come while one types, keys walk them, and Enter opens the place where it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.tasks import Complexity, TaskType
from data.store import Store
from tests.browser.conftest import Server


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of an older store, which its index does not know yet."""
    home = tmp_path_factory.mktemp("browser") / "home"
    home.mkdir()
    store = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    plain = {"complexity": Complexity.SIMPLE, "analyst_included": False, "analyst_reason": "", "workflow": ()}
    about = {"task_type": TaskType.BUG_FIX, "working_directory": "/src", "runtime": Runtime.IMPORTED, "by": "me"}
    made = {"step": "s", "role": Role.BUILDER, "name": "Ada", "model": "m", "runtime": Runtime.IMPORTED}
    with store.write() as ledger:
        ledger.append(e.TaskSubmitted(task_id="t1", description="Mend the mizzen", **plain, **about))
        ledger.append(e.AgentCreated(task_id="t1", agent_id="a1", **made))
        for said in ("The mizzen is <i>torn</i>", "A new mizzen is set"):
            blob = ledger.keep(said.encode())
            ledger.append(e.Said(task_id="t1", agent_id="a1", message_id="m", block="text", chars=len(said), blob=blob))
    store.close()
    started = Server(home)
    started.start()
    yield started
    started.stop()


def test_hits_come_while_one_types_and_keys_walk_them(told: Server, tab: Callable[..., Page]) -> None:
    page = tab()
    page.goto(f"{told.url}/search?in=conversation")
    field = page.get_by_role("searchbox", name="Search everything").or_(page.get_by_label("Search everything"))
    field.press_sequentially("mizz")
    expect(page.get_by_text("No hit")).to_be_visible()
    field.press_sequentially("en")
    hits = page.locator(".qd-found section > a")
    expect(hits).to_have_count(2)
    expect(field).to_be_focused()
    expect(hits.locator("mark").first).to_have_text("mizzen")
    expect(page).to_have_url(f"{told.url}/search?in=conversation&q=mizzen")
    field.press("ArrowDown")
    expect(page.locator(".qd-found a.task")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(hits.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{told.url}/agent?id=a1&message=*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
