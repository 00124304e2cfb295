"""The queue and the limits in a real browser: a priority is changed by a click, and what is typed stays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server

PLACE_PX, TASK_PX, PRIORITY_PX, HEAD_PX, ROW_PX = 60, 300, 110, 33, 33


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with place for one agent."""
    home = tmp_path_factory.mktemp("browser") / "home"
    home.mkdir()
    started = Server(home, more={"QUARTERDECK_MAX_AGENTS": "1"})
    started.start()
    yield started
    started.stop()


def submit(page: Page, url: str, words: str) -> str:
    body = {"description": words, "runtime": "demo", "scenario": "stuck", "task_type": "bug_fix"}
    answer = page.request.post(f"{url}/api/v1/tasks", data=body)
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def order(page: Page, url: str) -> list[str]:
    return [one["task_id"] for one in page.request.get(f"{url}/api/v1/queue").json()["items"]]


def ask_priority(page: Page, row: int, tries: int = 3) -> Locator:
    """A click on the priority in this row, once more if the table was just being drawn; the dialog.

    The grid is drawn on a canvas, and gives a button only to a mouse that stands on it.
    """
    canvas, dialog = page.get_by_test_id("stDataFrame").first.locator("canvas").first, page.get_by_role("dialog")
    at = {"x": PLACE_PX + TASK_PX + PRIORITY_PX / 2, "y": HEAD_PX + ROW_PX * row + ROW_PX / 2}
    for _ in range(tries):  # a second click beside an open dialog would close it, so each is waited for
        canvas.hover(position=at, force=True)
        canvas.click(position=at, force=True)
        with contextlib.suppress(AssertionError):
            expect(dialog).to_be_visible(timeout=15_000)
            break
    return dialog


def test_a_click_on_a_priority_changes_who_goes_first(small: Server, tab: Callable[..., Page]):
    page = tab()
    working = submit(page, small.url, "This one has the place")
    first, second = submit(page, small.url, "Fix the first bug"), submit(page, small.url, "Fix the second bug")
    page.goto(f"{small.url}/queue")
    expect(page.get_by_text("1 of 1")).to_be_visible()
    expect(page.get_by_text("2 places in the queue.")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert order(page, small.url) == [first, second]
    dialog = ask_priority(page, 1)
    expect(dialog.get_by_text("Fix the second bug")).to_be_visible()
    dialog.get_by_text("Urgent: before everything else").click()
    third = submit(page, small.url, "One that comes while the dialog is open")
    dialog.get_by_role("button", name="Save").dblclick()
    expect(dialog).to_have_count(0)
    assert order(page, small.url) == [second, first, third]
    rows = page.get_by_test_id("stDataFrame").first.locator("canvas tr")
    expect(rows).to_have_count(4)
    fourth = submit(page, small.url, "One that has only just come")
    expect(rows).to_have_count(5)
    dialog = ask_priority(page, 3, tries=1)
    expect(dialog.get_by_text("One that has only just come")).to_be_visible()
    dialog.get_by_role("button", name="Leave it").click()
    page.goto(f"{small.url}/task?id={first}")
    expect(page.get_by_text("2nd in the queue: the only place of this machine is taken").first).to_be_visible()
    for task_id in (first, second, third, fourth, working):
        page.request.post(f"{small.url}/api/v1/tasks/{task_id}/cancel")


def test_what_is_typed_into_a_limit_stays_while_the_fleet_goes_on(small: Server, tab: Callable[..., Page]):
    page = tab()
    page.goto(f"{small.url}/limits")
    box = page.get_by_label("In all")
    box.fill("12")
    changed = page.request.patch(f"{small.url}/api/v1/fleet/settings", data={"cleanup": {"after_days": 9}})
    assert changed.ok
    expect(page.get_by_text("Who changed what")).to_be_visible()
    expect(box).to_have_value("12")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved: it holds from now on.")).to_be_visible()
    limits = page.request.get(f"{small.url}/api/v1/fleet/settings").json()["limits"]
    assert limits == {"per_machine": None, "per_user": None, "in_all": 12}
    expect(page.get_by_label("In all")).to_have_value("12")
