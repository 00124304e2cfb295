"""A channel as a person makes and tries it, and an alert that leaves by it while nobody looks at the page."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from data.domain import events as e
from data.store import Store
from tests.browser.conftest import Server
from tests.receivers import Hook

pytestmark = pytest.mark.browser


def test_a_channel_is_made_and_tried_and_an_alert_leaves_by_it(
    server: Server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    hook = Hook()
    page = tab()
    page.goto(f"{server.url}/alerts")
    page.get_by_role("button", name="New channel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Webhook").click()
    dialog.get_by_label("Name", exact=True).fill("Ops")
    dialog.get_by_label("Address", exact=True).fill(hook.url)
    expect(dialog.get_by_label("Address", exact=True)).to_have_attribute("type", "password")
    dialog.get_by_role("button", name="Make the channel").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("A test message was sent to Ops. The other side took it.")).to_be_visible()
    assert hook.got[0]["title"] == "Quarterdeck: a test message"
    assert "s3cr3t-token" not in page.content()
    (channel,) = httpx.get(f"{server.url}/api/v1/alerts/channels").json()["items"]
    rule = {"id": "dear-agent", "enabled": True, "channels": [channel["id"]]}
    assert httpx.post(f"{server.url}/api/v1/alerts/rules", json=rule).status_code == 200
    expect(page.get_by_text("Told in the app and through Ops.")).to_be_visible()  # the open page follows
    page.close()
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    with store.write() as ledger:
        alert = {"alert_id": "x-1", "about": "agent_cost", "words": "A dear agent.", "rule_id": "dear-agent"}
        ledger.append(e.AlertRaised(task_id="", **alert))
    eventually(lambda: len(hook.got) == 2)
    assert hook.got[1]["title"] == "Quarterdeck: A dear agent."
    store.close()
    hook.close()
