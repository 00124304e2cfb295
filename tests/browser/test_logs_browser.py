"""From a failed task to the line that caused it, its files and its conversation, in a browser; logs are downloaded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.store import Store
from tests.browser.conftest import Server
from tests.store.test_ledger import submitted

pytestmark = pytest.mark.browser

IDS = {"task_id": "t1", "agent_id": "a1"}
FILES = {
    "prompt.txt": "Fix add()",
    "text.txt": "[2026-11-24T10:00:00+00:00] AssistantMessage:\nI try.\n",
    "tools.jsonl": '{"type": "tool_use", "tool_name": "Bash"}\n',
    "summary.jsonl": '{"type": "Started"}\n',
}
ANSWER = "Exit code 1\n" + "=" * 300 + "\nAssertionError: 2 != 0"
"""What matters stands at the end, as it does in most outputs."""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose only task has failed by its second call."""
    home = tmp_path_factory.mktemp("browser") / "home"
    log = home / "agent_logs" / "t1" / "a1_Builder_20261124_100000"
    log.mkdir(parents=True)
    for name, text in FILES.items():
        (log / name).write_text(text)
    store = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    _write(store, str(log.relative_to(home / "agent_logs")))
    store.close()
    started = Server(home)
    started.start()
    yield started
    started.stop()


def _write(store: Store, log_dir: str) -> None:
    with store.write() as ledger:
        ledger.append(submitted())
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.IN_PROGRESS))
        made = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "m", "runtime": Runtime.CLAUDE}
        ledger.append(e.AgentCreated(**IDS, **made, log_dir=log_dir))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))
        edit = {"file_path": "calc.py", "old_string": "return a - b", "new_string": "return a + b"}
        for key, tool, given, answer in (
            ("u1", "Edit", edit, "done"),
            ("u2", "Bash", {"command": "python3 -m unittest"}, ANSWER),
        ):
            blob, back = ledger.keep(json.dumps(given).encode()), ledger.keep(answer.encode())
            call = {"tool_use_id": key, "tool": tool}
            ledger.append(e.ToolCalled(**IDS, **call, words=f"calling {tool}", input_blob=blob))
            bad = {"is_error": tool == "Bash", "output_blob": back, "preview": answer[:200]}
            ledger.append(e.ToolReturned(**IDS, **call, **bad))
        full = {"model": "claude-sonnet-5-5", "tokens": Tokens(input=165_000, output=5_000), "context_window": 200_000}
        ledger.append(e.MessageMetered(**IDS, message_id="m1", cost_nanousd=1, **full))
        touched = {"path": "calc.py", "change": FileChange.MODIFIED, "added": 1, "removed": 1, "tool_use_id": "u1"}
        ledger.append(e.FileTouched(**IDS, **touched))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.FAILED, why="The tests fail."))
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.FAILED, why="Step builder: The tests fail."))


def test_from_the_red_task_to_the_line_its_conversation_and_its_files(failed: Server, tab: Callable[..., Page]):
    page = tab()
    page.goto(failed.url)
    page.get_by_role("list", name="Tasks that failed and nobody has looked at").get_by_role("link").click()
    expect(page.get_by_text("AssertionError: 2 != 0")).to_be_visible()
    card = page.locator(".agent")
    expect(card).to_contain_text("context 85 %, nearly full")
    expect(card).to_contain_text("1 file")
    expect(page.get_by_text("The tests fail", exact=False).filter(visible=True).first).to_be_visible()
    page.get_by_role("link", name="Show the line that caused it").click()
    entry = page.locator(".st-key-log-entry")
    expect(entry.get_by_text("calling Bash")).to_be_in_viewport()
    expect(entry.get_by_text("python3 -m unittest")).to_be_visible()
    expect(entry.get_by_text("AssertionError: 2 != 0")).to_be_visible()
    entry.get_by_role("button", name="In the conversation").click()
    row = page.get_by_role("region", name="Conversation").locator("[data-marked]")
    expect(row).to_contain_text("calling Bash")

    number = page.request.get(f"{failed.url}/api/v1/agents/a1/logs/tools").json()["items"][0]["id"]
    page.goto(f"{failed.url}/agent?id=a1&tab=Logs&entry={number}")
    page.get_by_role("button", name="calc.py (modified)").click()
    expect(page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("return a + b").first).to_be_visible()
    page.get_by_role("button", name="calling Edit").click()
    expect(page.get_by_role("region", name="Conversation").locator("[data-marked]")).to_contain_text("calling Edit")


def test_each_file_of_a_log_is_downloaded_whole(failed: Server, tab: Callable[..., Page]):
    page = tab()
    page.goto(f"{failed.url}/agent?id=a1&tab=Logs")
    for name, text in FILES.items():
        page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name)).first.click()
        link = page.get_by_role("link", name="Download", exact=True)
        expect(link).to_have_attribute("href", re.compile(re.escape(name)))
        with page.expect_download() as got:
            link.click()
        assert got.value.suggested_filename.endswith(name)
        assert Path(got.value.path()).read_text() == text


def test_a_failure_stands_on_the_fleet_page_until_somebody_says_to_have_seen_it(
    failed: Server, tab: Callable[..., Page]
):
    page, other = tab(), tab(width=390, height=844, scheme="dark")
    for one in (page, other):
        one.goto(failed.url)
    asked = "Tasks that failed and nobody has looked at"
    row = page.get_by_role("list", name=asked).get_by_role("listitem")
    expect(row).to_contain_text("Step builder: The tests fail.")
    expect(other.get_by_role("list", name=asked).get_by_role("listitem")).to_be_visible()
    row.get_by_role("button", name=re.compile("^Seen: ")).click()
    for one in (page, other):
        expect(one.get_by_text("Failed, not looked at yet")).to_be_hidden()
    assert page.request.get(f"{failed.url}/api/v1/tasks/t1").json()["seen_by"] == "local"
