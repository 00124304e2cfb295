"""The conversation of an agent in a browser: it grows by itself, opens, is searched, and is linked to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

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

    thought = rows.filter(has=page.locator(".thinking")).first
    expect(thought).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(thought.locator(".prose")).to_have_count(0)
    thought.get_by_role("button", expanded=False).click()
    expect(thought.locator(".prose")).to_be_visible()

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


def test_what_was_said_and_changed_is_taken_along(server, tab: Callable[..., Page]):
    """Copies, links and downloads, of the agent of the test before: only a browser has a clipboard and downloads."""
    page = tab()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    (agent,) = page.request.get(f"{server.url}/api/v1/agents").json()["items"]
    address = f"{server.url}/agent?id={agent['id']}"
    page.goto(address)
    edit = page.locator(".row", has_text="editing calc.py").first
    edit.hover()
    edit.get_by_role("button", name=re.compile("copy", re.IGNORECASE)).first.click()
    expect(page.get_by_text("Copied", exact=True).first).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "old_string" in copied, "what went in, though the row is folded"
    edit.get_by_role("button", name=re.compile("link", re.IGNORECASE)).first.click()
    expect(page.get_by_text("Link copied", exact=True).first).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    whole = downloaded(page, page.get_by_role("link", name="Markdown"))
    assert whole[0].endswith(".md")
    assert PROMPT in whole[1]
    assert "return a + b" in whole[1]

    page.goto(link)
    expect(page.locator("[data-marked]")).to_contain_text("editing calc.py")

    page.goto(f"{address}&tab=Files")
    before = downloaded(page, page.get_by_role("button", name="Download before"))
    after = downloaded(page, page.get_by_role("button", name="Download after"))
    assert (before[0], after[0]) == ("calc.before.py", "calc.after.py")
    assert "return a - b" in before[1]
    assert after[1] == before[1].replace("return a - b", "return a + b")
    page.get_by_role("button", name="Report").click()
    report = {
        name: downloaded(page, page.get_by_role("button", name=name, exact=True))
        for name in ("CSV", "JSON", "Markdown")
    }
    assert [report[name][0].rpartition(".")[2] for name in report] == ["csv", "json", "md"]
    assert [one["path"] for one in json.loads(report["JSON"][1]) if one["change"] == "modified"] == ["calc.py"]
    assert all("calc.py" in text for _, text in report.values())
    page.keyboard.press("Escape")
    page.get_by_text("History of this file").click()
    expect(page.get_by_text(re.compile(r"^1 change, \d+ times read; the newest first$"))).to_be_visible()


def downloaded(page: Page, what: Locator) -> tuple[str, str]:
    """The name and the text of the file that a click brings."""
    with page.expect_download() as got:
        what.click()
    return got.value.suggested_filename, Path(got.value.path()).read_text()
