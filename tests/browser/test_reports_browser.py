"""A report that is sent by itself, as a person arranges it, and what a server does about the time it missed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from data.domain import events as e
from data.domain.schedules import Frequency, Plan
from data.store import Store
from tests.browser.conftest import Server
from tests.receivers import MailServer

pytestmark = pytest.mark.browser


def test_a_schedule_is_made_sent_now_and_what_a_restart_missed_comes_once(
    server: Server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    post = MailServer()
    channel = {"name": "Boss", "kind": "email", "address": post.address()}
    boss = httpx.post(f"{server.url}/api/v1/alerts/channels", json=channel).json()["id"]
    page = tab()
    page.goto(f"{server.url}/reports")
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Costs of the week")
    dialog.get_by_role("button", name="CSV").click()
    expect(
        dialog.get_by_text("PDF and CSV of costs over the last 7 days, every Monday at 08:00 (UTC).")
    ).to_be_visible()
    dialog.get_by_role("combobox", name=re.compile("Through")).click()
    page.get_by_role("option", name="Boss").click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Make the schedule").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Sent next on Mon")).to_be_visible()
    page.get_by_role("button", name="Send now").click()
    eventually(lambda: len(post.got) == 1)
    (letter,) = post.got
    assert [one.get_content_type() for one in letter.iter_attachments()] == ["application/pdf", "text/csv"]
    words = str(letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    link = re.search(r"http://127\S+", words)
    assert link is not None
    page.goto(link[0])
    expect(page.get_by_text(re.compile(r"quarterdeck-fleet-report-\d+-\d+\.pdf"))).to_be_visible()
    page.close()
    server.stop()
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    with store.write() as ledger:  # its times of two days were missed
        made = {"schedule_id": "s2", "enabled": True, "version": 1, "by": "ana"}
        plan = Plan("Daily", (boss,), frequency=Frequency.DAILY)
        ledger.append(e.ReportScheduleSet(task_id="", plan=plan, **made), store.now() - timedelta(days=3))
    server.start()
    sent = f"{server.url}/api/v1/alerts/deliveries?about=report&subject=s2"
    eventually(lambda: [one["status"] for one in httpx.get(sent).json()["items"]] == ["sent"], 90)
    assert [one["subject"] for one in post.got] == [
        f"Quarterdeck report: {name}" for name in ("Costs of the week", "Daily")
    ]
    store.close()
    post.close()
