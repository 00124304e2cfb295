"""Every page is checked by axe-core, light and dark: nothing serious may keep a person from reading or using it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.domain import events as e
from data.domain.alerts import AlertKind
from data.domain.budgets import CHEAPER_MODEL, Act, Period, Scope
from data.domain.money import NANO
from data.store import Store
from tests.browser.conftest import Server
from tests.browser.test_alerts_browser import IDS, at_work, call

pytestmark = pytest.mark.browser
AXE = gzip.decompress((Path(__file__).parent / "axe" / "axe-core-4.14.1.min.js.gz").read_bytes()).decode()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async (levels) => {
  const found = await axe.run(document, { runOnly: levels, resultTypes: ['violations'] });
  const told = ({ html, any }) => `${html.slice(0, 200)} ${any[0]?.message ?? ''}`;
  return found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(told).join(' | ')}`);
}"""
PAGES = {
    "": "Fleet",
    "new_task": "New task",
    "tasks": "Tasks",
    "task?id=t1": "Fix the sign bug",
    "agent?id=a1": "Builder",
    "queue": "Queue",
    "costs": "Costs",
    "performance": "Performance",
    "trends": "Trends",
    "reports": "Reports",
    "sql": "Ask in SQL",
    "alerts": "Alerts",
    "budgets": "Budgets",
    "analyst_roi": "ANALYST ROI",
}


@pytest.fixture(scope="module")
def filled(server: Server) -> Server:
    """With an agent at work, an alert and a budget."""
    store = Store.open(f"sqlite:///{server.home / 'quarterdeck.sqlite'}")
    at_work(store)
    call(store, 1)
    stage = e.BudgetStage(percent=80, act=Act.WARN)
    budget = {"budget_id": "b1", "name": "Daily", "scope": Scope.FLEET, "period": Period.DAY, "stages": (stage,)}
    raised = {"alert_id": "l1", "about": AlertKind.STUCK, "words": "No progress for 10 minutes."}
    with store.write() as ledger:
        ledger.append(e.AlertRaised(**IDS, **raised))
        ledger.append(e.BudgetSet(task_id="", **budget, limit_nanousd=NANO, cheaper_model=CHEAPER_MODEL, by="ana"))
    store.close()
    return server


def see(page: Page, url: str, path: str, heading: str) -> None:
    """Open the page, by its link in the sidebar if it has one: that is quicker."""
    link = page.get_by_role("navigation", name="App pages").get_by_role("link", name=heading, exact=True)
    if "?" in path or not path:
        page.goto(f"{url}/{path}")
    else:
        link.click()
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page.locator("[data-testid=stSkeleton], .live[data-boot], [data-stale=true]")).to_have_count(0)
    named = page.get_by_test_id("stPageLink-NavLink")  # their names come a moment after the links
    expect(named.filter(has_not_text=re.compile(r"\w"))).to_have_count(0)
    expect(page.get_by_test_id("stTab").filter(has_not_text=re.compile(r"\w"))).to_have_count(0)
    # what stands below the live part has no name for anybody until it is shown
    expect(
        page.get_by_test_id("stMain").locator("summary, [data-testid=stPageLink-NavLink]").filter(visible=False)
    ).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_keeps_anybody_from_reading_a_page(filled: Server, tab: Callable[..., Page], scheme: str):
    page, found = tab(scheme=scheme), {}
    for path, heading in PAGES.items():
        see(page, filled.url, path, heading)
        page.evaluate(AXE)
        if worst := page.evaluate(RUN, LEVELS):
            found[f"/{path}"] = worst
    assert found == {}
