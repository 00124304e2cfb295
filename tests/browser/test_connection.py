"""What a page shows when its live connection is lost, comes back, or never was."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.cli]
SHIFTS = """
window.__shift = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.__shift += entry.value; })
  .observe({ type: 'layout-shift', buffered: true });
"""
WOKEN_TWICE = """
() => { window.woken = new Promise((done) => {
  let times = 0;
  addEventListener('quarterdeck:changed', () => { times += 1; if (times === 2) done(); });
}); }
"""
"""By the second time the panels have passed on what they were woken with at the first."""
SENT_WHEN = """
const send = WebSocket.prototype.send;
window.sentWhen = [];
WebSocket.prototype.send = function (data) {
  const app = document.querySelector('[data-testid="stApp"]');
  if (this.url.includes('/_stcore/stream')) {
    window.sentWhen.push(app?.dataset.testScriptState);
    window.sentAt = performance.now();
  }
  return send.call(this, data);
};
"""
A_RUN_ENDS = """
() => {
  const app = document.querySelector('[data-testid="stApp"]'), before = app.dataset.testScriptState;
  app.dataset.testScriptState = 'running';
  setTimeout(() => {
    app.dataset.testScriptState = before;
    window.endedAt = performance.now();
    dispatchEvent(new CustomEvent('quarterdeck:changed', { detail: { clock: 1 } }));
  });
}
"""
REST_MS = 400
"""A run that opens another page is followed by that page's own run within less."""
SLOWER = 4
"""So many times slower than it is does the browser compute: nothing may jump where much else is to be done."""
DEMO = {"description": "Fix the sign bug in add()", "runtime": "demo", "scenario": "success"}


def start_demo(page: Page, url: str, **more: str) -> str:
    answer = page.request.post(f"{url}/api/v1/tasks", data=DEMO | more)
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def test_the_first_address_after_a_start_is_opened_directly(server, tab: Callable[..., Page]):
    page = tab()
    page.goto(f"{server.url}/tasks")
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_server_that_restarts_is_found_again(server, tab: Callable[..., Page]):
    page = tab()
    start_demo(page, server.url)
    page.goto(server.url)
    expect(page.locator(".agent").first).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()  # all scripts of the page are there
    server.stop()
    expect(page.get_by_text(re.compile(r"Reconnecting. Showing the last known state, \d:\d\d old."))).to_be_visible()
    expect(page.locator(".agent").first).to_be_visible()
    server.start()
    expect(page.get_by_text("Reconnecting")).to_be_hidden(timeout=40_000)
    tab.forgive()  # type: ignore[attr-defined]
    start_demo(page, server.url)
    expect(page.locator(".task")).not_to_have_count(0)
    expect(page.locator(".task .status").first).to_have_text("completed", timeout=90_000)


def test_a_store_that_goes_away_leaves_the_page_as_it_was(tab: Callable[..., Page], own_postgres, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    server = Server(home, more={"DATABASE_URL": own_postgres.database("fleet")})
    server.start()
    try:
        page = tab()
        start_demo(page, server.url)
        page.goto(server.url)
        expect(page.locator(".agent").first).to_be_visible()
        expect(page.get_by_test_id("stDataFrame")).to_be_visible()  # of what was never shown nothing is remembered
        own_postgres.stop()
        away = re.compile(r"The store cannot be reached: showing the state of \d\d:\d\d:\d\d UTC, \d:\d\d old\.")
        expect(page.get_by_text(away)).to_be_visible()
        expect(page.get_by_text(re.compile(r"showing the state of \d+ s ago"))).to_be_visible()
        expect(page.locator(".agent").first).to_be_visible()
        own_postgres.start()
        expect(page.get_by_text("The store cannot be reached")).to_have_count(0, timeout=40_000)
        expect(page.locator(".task .status").first).to_have_text("completed", timeout=90_000)
        page.close()  # before its server has gone, of which it would complain
    finally:
        own_postgres.start()
        server.stop()


def test_where_the_stream_cannot_be_reached_the_page_asks_and_says_so(server, tab: Callable[..., Page]):
    page = tab()

    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1008)

    page.route_web_socket(re.compile(r"/api/v1/events"), refuse)
    page.goto(f"{server.url}/tasks?q=nothing-like-this")
    expect(page.get_by_text("No live connection: this page asks again every 3 s.")).to_be_visible()
    expect(page.get_by_text("No task fits")).to_be_visible()
    body = {**DEMO, "description": "nothing-like-this was ever here"}
    assert page.request.post(f"{server.url}/api/v1/tasks", data=body).ok
    expect(page.get_by_text("No task fits")).to_be_hidden()


def test_the_first_picture_does_not_wait_for_the_stream(
    server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    page = tab()
    task_id = start_demo(page, server.url, description="What the first picture shows")
    agents = f"{server.url}/api/v1/agents?task_id={task_id}"
    # what begins later is news, and of that this page hears nothing
    eventually(lambda: page.request.get(agents).json()["items"], within=60)
    page.route_web_socket(re.compile(r"/api/v1/events"), lambda socket: None)  # taken, and never told anything
    page.add_init_script(SHIFTS)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(server.url)
    expect(page.locator(".agent").first).to_be_visible()
    expect(page.locator(".task").filter(has_text="What the first picture shows")).to_be_visible()
    expect(page.locator(".tile .value").first).to_have_text(re.compile(r"\d+ of \d+"))
    expect(page.get_by_role("heading", name="All agents")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert page.evaluate("window.__shift") < 0.1, "things jumped while the page was drawn"


def test_what_happens_while_only_the_pages_own_connection_is_down_is_shown_when_it_is_back(
    server, tab: Callable[..., Page]
):
    page = tab()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    held: list[WebSocketRoute] = []
    cut = False

    def stand_between(socket: WebSocketRoute) -> None:
        if cut:
            socket.close(code=1012)
        else:
            socket.connect_to_server()
            held.append(socket)

    page.route_web_socket(re.compile(r"/_stcore/stream"), stand_between)
    page.goto(f"{server.url}/tasks?q=while-it-was-down")
    expect(page.get_by_text("No task fits")).to_be_visible()
    cut = True
    held[-1].close(code=1012)
    expect(page.locator('[data-testid="stApp"]:not([data-test-connection-state="CONNECTED"])')).to_be_attached()
    page.evaluate(WOKEN_TWICE)
    start_demo(page, server.url, description="while-it-was-down")
    page.evaluate("window.woken")
    cut = False
    expect(page.get_by_text("No task fits")).to_be_hidden(timeout=60_000)
    assert not [said for said in errors if "when disconnected" in said]
    tab.forgive()  # type: ignore[attr-defined]


def test_panels_that_are_woken_together_are_drawn_one_after_another(
    server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    """Else the browser is not told that the run of one has ended, and keeps what the panel no longer shows."""
    page = tab()
    page.add_init_script(SENT_WHEN)
    page.goto(f"{server.url}/alerts")
    expect(page.get_by_text("No open alert")).to_be_visible()
    expect(page.locator('[data-test-script-state="notRunning"]')).to_be_attached()
    before = page.evaluate("window.sentWhen.length")
    start_demo(page, server.url)
    eventually(lambda: page.evaluate("window.sentWhen.length") >= before + 6, within=60)
    assert set(page.evaluate(f"window.sentWhen.slice({before})")) == {"notRunning"}


def test_nothing_is_woken_between_a_run_that_opens_a_page_and_the_run_of_that_page(
    server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    page = tab()
    page.add_init_script(SENT_WHEN)
    page.goto(f"{server.url}/tasks")
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.evaluate(A_RUN_ENDS)
    eventually(lambda: page.evaluate("window.sentAt > window.endedAt"))
    assert page.evaluate("window.sentAt - window.endedAt") >= REST_MS - 2, "times are cut to milliseconds"


def test_where_the_stream_cannot_be_reached_the_board_moves_all_the_same(server, tab: Callable[..., Page]):
    page = tab()
    page.route_web_socket(re.compile(r"/api/v1/events"), lambda socket: socket.close(code=1008))
    page.goto(server.url)
    expect(page.get_by_text("No live connection: this page asks again every 3 s.")).to_be_visible()
    assert page.request.post(f"{server.url}/api/v1/tasks", data={**DEMO, "description": "A late arrival"}).ok
    expect(page.locator(".task").filter(has_text="A late arrival")).to_be_visible()


def test_nothing_runs_while_nothing_happens(server, tab: Callable[..., Page], eventually: Callable[..., None]):
    page = tab()
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(socket.url)))
    page.goto(server.url)
    expect(page.locator(".tile .value").first).to_be_visible()
    eventually(lambda: page.request.get(f"{server.url}/api/v1/status").json()["tasks"]["running"] == 0, within=90)
    idle = page.request.get(f"{server.url}/api/v1/status").json()["clock"]
    page.wait_for_timeout(1500)
    before = len(sent)
    page.wait_for_timeout(4000)
    assert page.request.get(f"{server.url}/api/v1/status").json()["clock"] == idle, "the fleet was not at rest"
    assert len(sent) == before, "the page talked to the server although nothing had happened"
