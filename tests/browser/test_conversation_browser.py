"""The conversation of an agent in a browser: it grows by itself, opens, is searched, and is linked to."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.cli]
PROMPT = 'Fix add() <b id="evil">now</b>'


def test_a_conversation_grows_opens_is_searched_and_linked_to(server, tab: Callable[..., Page]):
    page = tab()
    started = page.request.post(
        f"{server.url}/api/v1/agents",
        data={"role": "builder", "prompt": PROMPT, "runtime": "demo", "scenario": "success"},
    )
    assert started.ok, started.text()
    address = f"{server.url}/agent?id={started.json()['id']}"
    page.goto(address)
    rows = page.get_by_role("region", name="Conversation").get_by_role("listitem")
    expect(rows.filter(has_text="agent completed")).to_be_visible(timeout=60_000)
    assert page.locator("#evil").count() == 0
    page.get_by_role("button", name="Start", exact=True).click()
    expect(rows.filter(has_text=PROMPT).first).to_be_visible()

    call = rows.filter(has=page.locator(".call")).first
    call.get_by_role("button", expanded=False).first.press("Enter")
    expect(call.locator(".inside .answer")).to_be_visible()
    key = call.get_attribute("data-key")

    page.get_by_role("searchbox").fill("calc")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("search").get_by_role("status")).to_have_text(re.compile(r"^1 of \d+$"))
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("search").get_by_role("status")).to_have_text(re.compile(r"^2 of \d+$"))

    page.goto(f"{address}&message={key}")
    expect(page.locator(f'[data-key="{key}"][data-marked]')).to_be_visible()
