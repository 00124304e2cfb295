"""A bar of the Costs page asks for its part alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.money import NANO, Tokens
from data.store import Store
from tests.browser.conftest import Server
from tests.store.test_board import created, submitted


def spend(server: Server) -> None:
    """Two real tasks; the tester's cost more."""
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    try:
        with store.write() as ledger:
            for number, (role, usd) in enumerate(((Role.BUILDER, 2), (Role.TESTER, 5)), 1):
                names = {"task_id": f"t{number}", "agent_id": f"a{number}"}
                ledger.append(submitted(f"t{number}", description=f"Work of the {role}", runtime=Runtime.CLAUDE))
                ledger.append(created(f"a{number}", f"t{number}", role=role, name=role.value, runtime=Runtime.CLAUDE))
                told = {"message_id": f"m{number}", "model": "claude-opus-5-5", "tokens": Tokens(input=1_000)}
                ledger.append(e.MessageMetered(**names, **told, cost_nanousd=usd * NANO))
    finally:
        store.close()


def test_a_click_on_a_bar_asks_for_its_part_alone(server: Server, tab: Callable[..., Page]) -> None:
    spend(server)
    page = tab()
    page.goto(f"{server.url}/costs")
    expect(page.get_by_text("$7.00").first).to_be_visible(timeout=60_000)
    chart = page.locator("[data-testid=stVegaLiteChart]").filter(has=page.get_by_text("Which roles cost most?"))
    chart.scroll_into_view_if_needed()
    chart.locator("path[aria-roledescription=bar]").first.click(force=True)
    expect(page).to_have_url(re.compile("cost_role=tester"), timeout=60_000)
    expect(page.get_by_text("$5.00").first).to_be_visible(timeout=60_000)
