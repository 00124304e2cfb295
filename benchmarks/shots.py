"""Pictures of every page, light and dark, on a desk and on a phone, of a fleet with data: `make shots`."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks import transcript_trees

ROOT = Path(__file__).parents[1]
OUT = ROOT / "var" / "shots"
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
DEMO = {
    "description": "The tests of calc.py fail. Investigate the root cause, fix it, and prove that it is gone.",
    "task_type": "bug_fix",
    "runtime": "demo",
    "scenario": "success",
}
TEXT = "Refactor the authentication architecture across all modules and migrate the database schema"
BUDGETS = (
    {"name": "Demo day", "scope": "fleet", "period": "day", "limit_usd": 5, "simulated": True},
    {"name": "This month", "scope": "fleet", "period": "month", "limit_usd": 200},
)
TASK_TABS = ("Story", "Agents", "Flow", "Workflow", "Files", "Result", "Planner", "Events")
AGENT_TABS = ("Conversation", "Cost", "Files", "Logs", "Life", "Result")
LOADING = "[data-testid=stSkeleton], [data-testid=stStatusWidget], .live[data-boot]"
SETTLE_MS = 800
"""Fonts and charts, after everything that says that it is loading has gone."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="qd-shots-") as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        with serving(Path(home)) as url:
            take(browser, url, {"fleet-empty": ""})
        run("seed", "--days", "90", "--tasks", "400", home=Path(home))
        tree = transcript_trees.make(Path(home) / "tree", 8e6)
        run("import", "transcripts", str(tree.folder), home=Path(home))
        with serving(Path(home)) as url:
            take_all(browser, url)
    print(f"{len(list(OUT.glob('*.png')))} pictures in {OUT.relative_to(ROOT)}")


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_") and k != "DATABASE_URL"}
    return kept | {"QUARTERDECK_HOME": str(home)}


def run(*command: str, home: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "orchestrator_adapter", *command], cwd=ROOT, env=environment(home), check=True
    )


@contextlib.contextmanager
def serving(home: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "orchestrator_adapter", "serve", "--port", "0"]
    with (home / "server.log").open("a") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    found = next((m for line in server.stdout if (m := re.search(r"http://[\d.]+:\d+", line))), None)
    if found is None:
        raise SystemExit(f"The server did not start:\n{(home / 'server.log').read_text()[-2000:]}")
    try:
        yield found[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def take_all(browser: Browser, url: str) -> None:
    """Every page of a seeded store; for each look a demo runs, so that the live parts live."""
    warm = browser.new_page()
    warm.goto(url)
    warm.get_by_role("heading", level=1).wait_for()
    for budget in BUDGETS:
        warm.request.post(f"{url}/api/v1/budgets", data=budget)
    warm.request.post(f"{url}/api/v1/tasks", data=DEMO | {"ask_tools": ["Edit"]})
    warm.request.post(f"{url}/api/v1/tasks", data=DEMO | {"scenario": "circles", "analyst": "skip"})
    failed = warm.request.post(f"{url}/api/v1/tasks", data=DEMO | {"scenario": "failing_test"}).json()["id"]
    first_of(warm, f"{url}/api/v1/approvals", "No agent asked a person")
    first_of(warm, f"{url}/api/v1/alerts", "No agent went round in circles")
    found = first_of(warm, f"{url}/api/v1/tasks/{failed}/diagnosis", "The failing demo did not fail")
    started = warm.request.post(f"{url}/api/v1/tasks", data=DEMO).json()["id"]
    pages = {
        "fleet": "",
        "task-running": f"task?id={started}",
        "task-failed": f"task?id={failed}",
        **{f"task-{tab.lower()}": f"task?id={failed}#{tab}" for tab in TASK_TABS},
        **of_agents(warm, url, failed),
        "log-entry": str(found["link"]).lstrip("/"),
        **imported(warm, url),
        "tasks": "tasks",
        "tasks-timeline": "tasks?view=Timeline",
        "tasks-none": "tasks?q=nobody-ever-asked-for-this",
        "search": "search?q=tests",
        "search-empty": "search",
        "search-none": "search?q=nobody-ever-said-this",
        "queue": "queue",
        "approvals": "approvals",
        "costs": "costs?money=Simulated",
        "costs-none": "costs",
        "performance": "performance?money=Simulated",
        "trends": "trends?money=Simulated",
        "trends-none": "trends",
        "reports": "reports?money=Simulated&format=CSV&what=Tasks",
        "reports-pdf": "reports?money=Simulated",
        "sql": "sql?sql=from+tasks",
        "performance-none": "performance",
        "alerts": "alerts",
        "budgets": "budgets",
        "limits": "limits",
        "analyst_roi": "analyst_roi?demos=true",
        "history": "history",
        "connect": "connect",
        "new_task": "new_task",
        "gallery": "gallery",
        "task-unknown": "task?id=0",
    }
    take(browser, url, pages)


def of_agents(page: Page, url: str, task: str) -> dict[str, str]:
    """Every tab of the agent that changed a file, its log's files, and what it changed."""
    (agent,) = (one["id"] for one in agents_of(page, url, task) if one["role"] == "builder")
    address = f"agent?id={agent}"
    tabs = {f"agent-{tab.lower()}": f"{address}&tab={tab}" for tab in AGENT_TABS}
    logs = {f"log-{name}": f"{address}&tab=Logs&log={name}" for name in ("prompt.txt", "tools.jsonl")}
    return tabs | logs


def imported(page: Page, url: str) -> dict[str, str]:
    """A session of Claude Code that was read in."""
    task = page.request.get(f"{url}/api/v1/tasks?runtime=imported&limit=1").json()["items"][0]["id"]
    agent = f"agent?id={agents_of(page, url, task)[0]['id']}"
    tabs = {f"imported-{tab.lower()}": f"{agent}&tab={tab}" for tab in AGENT_TABS}
    return {"imported-task": f"task?id={task}", "imported-story": f"task?id={task}#Story", **tabs}


def agents_of(page: Page, url: str, task: str) -> list[dict[str, Any]]:
    return page.request.get(f"{url}/api/v1/agents?task_id={task}&limit=200").json()["items"]  # type: ignore[no-any-return]


def first_of(page: Page, address: str, otherwise: str) -> dict[str, Any]:
    """Wait until a list of the API has something."""
    until = time.monotonic() + 120
    while not (items := page.request.get(address).json()["items"]):
        if time.monotonic() > until:
            raise SystemExit(f"{otherwise} within two minutes.")
        page.wait_for_timeout(250)
    return items[0]  # type: ignore[no-any-return]


def take(browser: Browser, url: str, pages: dict[str, str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        for size, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            for name, path in pages.items():
                shoot(page, f"{url}/{path}", OUT / f"{name}-{scheme}-{size}.png")
            context.close()


def shoot(page: Page, address: str, target: Path) -> None:
    """What stands behind a `#` names the tab to open."""
    address, _, tab = address.partition("#")
    page.goto(address)
    page.get_by_role("heading", level=1).first.wait_for()
    if tab:
        opened = page.get_by_role("tab", name=tab, exact=True)
        opened.click()
    if address.endswith("new_task"):
        page.get_by_label("What should be done?").fill(TEXT)
    expect(page.locator(LOADING)).to_have_count(0, timeout=30_000)
    page.wait_for_timeout(SETTLE_MS)
    if tab:
        opened.evaluate("tab => tab.scrollIntoView({block: 'start', inline: 'center'})")
        page.wait_for_timeout(SETTLE_MS)  # what comes into sight with it is drawn now
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
