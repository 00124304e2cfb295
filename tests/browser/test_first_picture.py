"""What is seen of Fleet before any script of Streamlit has run, and how the page takes its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from data.store import Store
from orchestrator_adapter.seed import seed
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

ROOTS = """
window.roots = [];
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (how) {
  const root = attach.call(this, how);
  window.roots.push(root);
  return root;
};
"""
PLACES = """
(first) => window.roots.filter((root) => root.host.isConnected && root.host.matches('.qd-first') === first)
  .flatMap((root) => ['.kpis', '.failures', '.agent'].map((what) => root.querySelector(what)))
  .filter(Boolean).map((node) => { const at = node.getBoundingClientRect(); return [at.x, at.y, at.width, at.height]; })
"""
DATA = re.compile(r'<script type="application/json" id="qd-first">(.*?)</script>', re.DOTALL)


@pytest.fixture(scope="module")
def fleet(server: Server) -> Server:
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    seed(store, days=5, tasks=30, seed=7)
    store.close()
    return server


def carried(server: Server, path: str) -> Any:
    page = httpx.get(f"{server.url}{path}", headers={"accept": "text/html"}).text
    found = DATA.search(page)
    return json.loads(found[1]) if found else None


def test_only_the_home_page_carries_the_board_and_only_where_there_is_one(server: Server, fleet: Server):
    assert carried(fleet, "/")["board"]["elements"]["kpis"]
    assert carried(fleet, "/fleet")["show"] == ["kpis", "failures", "tasks", "agents"]
    assert carried(fleet, "/tasks") is None


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)], ids=["desk", "phone"])
def test_the_board_is_seen_before_the_page_runs_and_stays_where_it_is(
    fleet: Server, tab: Callable[..., Page], eventually: Callable[..., None], width: int, height: int
):
    page = tab(width, height)
    page.add_init_script(ROOTS)
    held: list[Route] = []
    page.route("**/static/js/index.*.js", lambda route: held.append(route))
    page.goto(fleet.url, wait_until="commit")
    eventually(lambda: page.evaluate(PLACES, True))
    eventually(lambda: bool(held))
    assert page.locator("[data-testid=stApp]").count() == 0, "nothing of Streamlit's has run"
    page.evaluate("document.fonts.ready.then(() => true)")
    before = page.evaluate(PLACES, True)
    for route in held:
        route.continue_()
    expect(page.locator(".st-key-live-holder[data-drawn]")).to_be_attached()
    expect(page.locator(".qd-first")).to_have_count(0)
    after = page.evaluate(PLACES, False)
    assert len(before) == len(after) >= 2
    for was, now in zip(before, after, strict=True):
        assert was == pytest.approx(now, abs=4)


STARTED = """
new MutationObserver((changes) => {
  for (const node of changes.flatMap((change) => [...change.addedNodes])) {
    if (!node.src?.includes('/static/js/index.')) continue;
    const cards = window.roots.some((root) => root.host.matches('.qd-first') && root.querySelector('.agent, .kpis'));
    window.started = { at: performance.now(), cards };
  }
}).observe(document, { subtree: true, childList: true });
"""


def test_the_scripts_of_the_page_start_when_what_came_with_it_is_painted(
    fleet: Server, tab: Callable[..., Page], eventually: Callable[..., None]
):
    page = tab()
    page.add_init_script(ROOTS + STARTED)
    page.goto(fleet.url, wait_until="commit")
    eventually(lambda: page.evaluate("window.started"))
    expect(page.locator(".st-key-live-holder[data-drawn]")).to_be_attached()
    started = page.evaluate("window.started")
    assert started["cards"]
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") < started["at"]
