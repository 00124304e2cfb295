"""Questions to a person, pause and resume, as they are met in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.cli]
ENDS_MS = 90_000
TASK = {
    "description": "The tests of calc.py fail. Investigate the cause.",
    "runtime": "demo",
    "scenario": "success",
    "task_type": "bug_fix",
}


def start(page: Page, url: str, **more: object) -> str:
    answer = page.request.post(f"{url}/api/v1/tasks", data=TASK | more)
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def status(page: Page) -> object:
    return expect(page.locator(".task.full .status"))


def test_a_question_reaches_every_page_and_its_answer_the_agent(server, tab: Callable[..., Page]):
    page = tab()
    task_id = start(page, server.url, ask_tools=["Edit"])
    address = f"{server.url}/task?id={task_id}"
    other = tab()
    other.goto(f"{server.url}/new_task")
    waiting = other.get_by_role("link", name=re.compile("1 waiting for you"))
    expect(waiting).to_be_visible(timeout=ENDS_MS)
    waiting.click()
    other.wait_for_url(re.compile("/approvals"))
    expect(other.locator(".qd-diff .in")).to_have_text(re.compile(r"^\+.*return a \+ b"))
    other.get_by_role("button", name="Deny…").click()
    reason = other.get_by_label("Reason")
    reason.press_sequentially("take", delay=20)
    noise = start(page, server.url)  # the page is woken again and again while somebody types
    reason.press_sequentially(" the other way", delay=100)
    expect(reason).to_have_value("take the other way")
    other.get_by_role("button", name="Decide later").click()
    expect(other.get_by_role("dialog")).to_have_count(0)
    allow = other.get_by_role("button", name="Allow once")
    allow.focus()
    other.keyboard.press("Enter")
    expect(other.get_by_text("Nothing waits for you")).to_be_visible()
    expect(waiting).to_have_count(0)
    page.goto(address)
    status(page).to_have_text("completed", timeout=ENDS_MS)
    assert page.request.post(f"{server.url}/api/v1/tasks/{noise}/cancel").status in (200, 409)


def test_a_task_is_paused_and_goes_on_with_what_is_paid_for(server, tab: Callable[..., Page]):
    page = tab()
    task_id = start(page, server.url)
    page.goto(f"{server.url}/task?id={task_id}")
    expect(page.locator(".step[data-status=completed]").first).to_be_visible(timeout=ENDS_MS)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Stop agents now").dblclick()
    status(page).to_have_text("paused")
    expect(page.get_by_text(re.compile(r"Resuming keeps (1 step|\d steps), .* already paid"))).to_be_visible()
    done = page.locator(".step[data-status=completed]").count()
    assert done < 5
    page.get_by_role("button", name="Resume").dblclick()
    status(page).to_have_text(re.compile("running|completed"))
    expect(page.get_by_text(re.compile("Kept by resuming"))).to_be_visible()
    status(page).to_have_text("completed", timeout=ENDS_MS)
    answer = page.request.get(f"{server.url}/api/v1/tasks/{task_id}").json()
    assert answer["status"] == "completed"
    expect(page.get_by_role("button", name="Retry from step")).to_be_visible()
