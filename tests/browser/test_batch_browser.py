"""Rows picked in a table in a real browser: the table stands still, and one order reaches each of them."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

MARKS_X = 20
HEAD_PX, ROW_PX = 35, 35


def submit(page: Page, url: str, words: str) -> str:
    body = {"description": words, "runtime": "demo", "scenario": "stuck", "task_type": "bug_fix"}
    answer = page.request.post(f"{url}/api/v1/tasks", data=body)
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def pick(page: Page, row: int) -> None:
    """A click on the mark before a row: the grid is drawn on a canvas."""
    box = page.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + MARKS_X, box["y"] + HEAD_PX + ROW_PX * row + ROW_PX // 2)


def test_picked_tasks_are_cancelled_together_though_others_arrive(server, tab: Callable[..., Page]):
    page = tab()
    first, second = (submit(page, server.url, f"Fix the sign in part {n}") for n in (1, 2))
    page.goto(f"{server.url}/tasks")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    pick(page, 1)
    expect(page.get_by_text("1 task picked")).to_be_visible()
    third = submit(page, server.url, "A new one that comes first in the list")
    pick(page, 0)
    expect(page.get_by_text("2 tasks picked")).to_be_visible()
    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Cancel 2 tasks.")).to_be_visible()
    for part in (1, 2):
        expect(dialog.get_by_text(f"Fix the sign in part {part}")).to_be_visible()
    dialog.get_by_role("button", name="Cancel", exact=True).dblclick()
    expect(page.get_by_text("2 tasks cancelled.")).to_be_visible()
    expect(page.get_by_text(re.compile("tasks? picked"))).to_have_count(0)
    found = {one: page.request.get(f"{server.url}/api/v1/tasks/{one}").json()["status"] for one in (first, second)}
    assert set(found.values()) == {"cancelled"}
    assert page.request.get(f"{server.url}/api/v1/tasks/{third}").json()["status"] not in ("cancelled", "failed")
    page.request.post(f"{server.url}/api/v1/tasks/{third}/cancel")
