"""An agent that is stuck is interrupted with a message, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.cli]
TEXT = "Say it once more, please."


def test_a_stuck_agent_is_told_something_and_ends_its_step(server, tab: Callable[..., Page]):
    page = tab()
    started = page.request.post(
        f"{server.url}/api/v1/agents",
        data={"role": "builder", "prompt": "Fix add()", "runtime": "demo", "scenario": "stuck"},
    )
    assert started.ok, started.text()
    page.goto(f"{server.url}/agent?id={started.json()['id']}")
    expect(page.get_by_text("writing the answer").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Interrupt with a message…").click()
    box = page.get_by_role("dialog").get_by_label("Message")
    box.press_sequentially(TEXT, delay=20)
    page.get_by_role("button", name="Interrupt and send").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Its task").click()
    expect(page.get_by_text(re.compile(f"told by local: {TEXT}"))).to_be_visible()
