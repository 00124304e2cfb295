"""What a person does in a browser: the first run, a task of their own, a page that stays what it was while it lives."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.cli]
ENDS_MS = 90_000
OVER = re.compile("completed|failed|cancelled")


def ended(page: Page) -> None:
    expect(page.locator(".task.full .status")).to_have_text("completed", timeout=ENDS_MS)


def test_the_first_run_from_an_empty_store_to_a_changed_file(server, tab: Callable[..., Page]):
    page = tab()
    page.goto(server.url)
    page.get_by_role("button", name="Run the demo task").click()
    page.wait_for_url(re.compile(r"/task\?id=\w+"))
    expect(page.locator(".agent .demo").first).to_be_visible()
    expect(page.locator(".agent[data-role=analyst]")).to_be_visible()
    expect(page.locator(".step[data-role=analyst][data-status=active]")).to_be_visible()
    expect(page.locator(".line .words").first).not_to_be_empty()
    ended(page)
    expect(page.locator(".step[data-status=completed]")).to_have_count(5)
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    task_id = page.url.rpartition("=")[2]
    changed = Path(server.home) / "scratch" / task_id / "calc.py"
    assert "return a + b" in changed.read_text(encoding="utf-8")
    page.get_by_role("tab", name="Result").click()
    expect(page.get_by_text("Verdict: PASS")).to_be_visible()


def test_an_own_task_is_priced_while_it_is_typed_and_followed(server, tab: Callable[..., Page]):
    page = tab()
    page.goto(f"{server.url}/new_task")
    box = page.get_by_label("What should be done?")
    box.press_sequentially("Refactor the calculator across all modules, its architecture is wrong", delay=5)
    expect(page.get_by_text("ANALYST takes part")).to_be_visible()
    expect(box).to_be_focused()
    expect(page.get_by_text(re.compile(r"^About \$\d"))).to_be_visible()
    page.get_by_text("Demo: scripted replies").click()
    page.get_by_role("button", name="Run the demo").dblclick()
    page.wait_for_url(re.compile(r"/task\?id=\w+"))
    expect(page.locator(".task.full .status")).to_have_text(re.compile("queued|running"))
    page.get_by_role("button", name="Cancel task").click()
    page.get_by_role("button", name="Cancel the task").click()
    expect(page.locator(".task.full .status")).to_have_text("cancelled")
    expect(page.get_by_text("Cancelled by local.").first).to_be_visible()
    answer = page.request.get(f"{server.url}/api/v1/tasks?q=Refactor").json()
    assert len(answer["items"]) == 1, "a double click is one task"


def test_what_a_person_does_survives_what_the_server_pushes(server, tab: Callable[..., Page]):
    page = tab()
    start_demo(page, server.url)
    page.goto(server.url)
    expect(page.locator(".agent[data-live=true]").first).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()  # the page is as high as it will be
    page.locator(".agent").first.focus()
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 120)")
    handle = page.locator(".agent").first.element_handle()
    before = page.locator(".tile .value").all_inner_texts()
    expect(page.locator(".task .status").first).to_have_text(OVER, timeout=ENDS_MS)
    errors = page.locator(".task").filter(has_text="pytest").locator(".error:visible").all_inner_texts()
    assert not [e for e in errors if "Cancelled" not in e]
    assert page.locator(".tile .value").all_inner_texts() != before, "numbers moved"
    assert handle.evaluate("node => node.isConnected && node.getRootNode().activeElement === node"), "focus stayed"
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 120


def _status(page: Page, url: str) -> dict[str, Any]:
    """A connection that rested for long may be closed by the server at the very moment it is used again."""
    found: dict[str, Any] = page.request.get(f"{url}/api/v1/status", max_retries=2).json()
    return found


def test_half_typed_text_survives_the_waking_of_its_own_panel(server, tab: Callable[..., Page]):
    page = tab()
    start_demo(page, server.url)
    page.goto(f"{server.url}/tasks")
    box = page.get_by_label("Search", exact=True)
    box.click()
    seen = _status(page, server.url)["clock"]
    for letter in "tests of calc":
        box.press(letter if letter != " " else "Space")
        page.wait_for_timeout(200)
    expect(box).to_have_value("tests of calc")
    expect(box).to_be_focused()
    page.wait_for_url(re.compile(r"q=tests"))
    assert _status(page, server.url)["clock"] > seen, "things happened meanwhile"


def test_a_card_is_a_link_that_keeps_the_page_alive(server, tab: Callable[..., Page]):
    page = tab()
    start_demo(page, server.url)
    page.goto(server.url)
    card = page.locator("a.agent").first
    assert re.fullmatch(r"agent\?id=\w+", card.get_attribute("href") or "")
    page.evaluate("window.sameDocument = true")
    card.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/agent\?id=\w+"))
    expect(page.get_by_role("tab", name="Conversation")).to_be_visible()
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    page.get_by_role("link", name="Its task").click()
    page.wait_for_url(re.compile(r"/task\?id=\w+"))
    assert page.evaluate("window.sameDocument"), "no page was loaded anew"
    page.go_back()
    page.wait_for_url(re.compile(r"/agent\?id=\w+"))


def test_cards_out_of_sight_are_found_by_search_screen_readers_and_the_keyboard(server, tab: Callable[..., Page]):
    page = tab(height=300)
    page.goto(f"{server.url}/gallery")
    last = page.locator(".agent").last
    expect(last).to_be_attached()
    name = last.locator(".role").text_content()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    read = [node["name"]["value"] for node in tree if node["role"]["value"] == "link" and node.get("name")]
    assert any(said.startswith(name) for said in read), "a screen reader reads every card"
    assert page.evaluate("name => window.find(name, true)", name), "the browser's own search finds it"
    last.focus()
    expect(last).to_be_in_viewport()


def test_the_sidebar_names_its_sections_and_stays_a_list_of_links(
    server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    page = tab()
    page.goto(server.url)
    pages = page.get_by_role("navigation", name="App pages").get_by_role("list")
    expect(pages.get_by_role("link", name="Fleet", exact=True)).to_be_visible()
    expect(pages.locator("> :not(li)")).to_have_count(0)
    eventually(lambda: "text: Guard" in pages.aria_snapshot())  # the style comes a moment after the list
    told = pages.aria_snapshot()
    assert told.count("listitem") == pages.get_by_role("link").count()
    order = [told.index(part) for part in ("text: Watch", "Fleet", "text: Run", "New task", "text: Guard", "Budgets")]
    assert order == sorted(order)


def test_a_theme_that_was_chosen_holds_on_every_page_and_after_a_reload(server, tab: Callable[..., Page]):
    page = tab()
    app, menu = page.get_by_test_id("stApp"), page.get_by_role("button", name="Main menu")
    light, dark = "rgb(255, 255, 255)", "rgb(14, 17, 23)"
    page.goto(f"{server.url}/tasks")
    expect(app).to_have_css("background-color", light)
    menu.click()
    page.get_by_role("menuitemradio", name="Dark").click()
    for path in ("tasks", "new_task", ""):
        page.goto(f"{server.url}/{path}")
        assert page.evaluate("document.documentElement.dataset.boot") == "dark", "from the first frame"
        expect(app).to_have_css("background-color", dark)
    menu.click()
    page.get_by_role("menuitemradio", name="Light").click()
    page.emulate_media(color_scheme="dark")
    page.goto(f"{server.url}/tasks")
    expect(app).to_have_css("background-color", light)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "new_task", "tasks", "gallery"])
def test_no_page_is_wider_than_a_phone(server, tab: Callable[..., Page], path: str, scheme: str):
    page = tab(390, 844, scheme)
    page.goto(f"{server.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    inner = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('[data-testid=stMain]'))"
    assert page.evaluate(inner) <= 0


def start_demo(page: Page, url: str) -> None:
    """Start a demo by the API, as another person would."""
    body = {
        "description": "The tests of calc.py fail. Investigate the cause.",
        "runtime": "demo",
        "scenario": "success",
    }
    answer = page.request.post(f"{url}/api/v1/tasks", data=body | {"task_type": "bug_fix"})
    assert answer.ok, answer.text()
