"""A conversation of 10,000 replies on its page: drawn, scrolled, searched, and followed while it grows."""

from __future__ import annotations

import contextlib
import fcntl
import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import fleets
from benchmarks.browsers import tab
from benchmarks.figures import Figure, at_most, p95, spread
from benchmarks.servers import Server, serving
from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.money import Tokens
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.store import Ledger, Store

REPLIES = 10_000
VISITS, STARTS, JUMPS, TAILS = 5, 3, 30, 40
GAP_MS = (300, 900)
IDS = {"task_id": "long", "agent_id": "talker"}
WORDS = [
    "the",
    "test",
    "fails",
    "because",
    "the",
    "index",
    "of",
    "a",
    "loop",
    "is",
    "one",
    "too",
    "large",
    "so",
    "it",
    "stops",
]
ROWS = ".talk .row:not(.wait)"


def measure() -> Iterator[Figure]:
    with _long_home() as (home, store):
        cold = []
        for _ in range(STARTS - 1):
            with serving(home) as server:
                cold.append(_inside(server))
        with serving(home) as server:
            cold.append(_inside(server))
            warm = [_inside(server) for _ in range(VISITS)]
            visits = [_first_visit(server) for _ in range(VISITS)]
            yield at_most(
                f"conversation of {REPLIES:,} replies, drawn after a click inside the app, the first of its server",
                statistics.median(cold),
                1_500,
                "ms",
                spread(cold),
            )
            yield at_most("the same, read before", statistics.median(warm), 1_500, "ms", spread(warm))
            yield at_most(
                "the same, first visit with an empty cache", statistics.median(visits), 1_500, "ms", spread(visits)
            )
            yield from _in_use(server, store)


def _in_use(server: Server, store: Store) -> Iterator[Figure]:
    with tab("talk.js") as page:
        page.goto(f"{server.url}/agent?id=talker")
        page.wait_for_selector(ROWS, timeout=60_000)
        page.wait_for_timeout(3_000)
        tails = _followed(page, store)
        lost = f"; {TAILS - len(tails)} never seen" if len(tails) < TAILS else ""
        yield at_most("live tail: commit to screen, p95", p95(tails), 500, "ms", spread(tails) + lost)
        jumps = [page.evaluate("share => window.__jump(share)", random.random()) for _ in range(JUMPS)]
        yield at_most("jump to any place, drawn, p95", p95(jumps), 500, "ms", spread(jumps))
        frames = page.evaluate("window.__roll()")
        yield at_most("scrolling on: between frames, p95", p95(frames), 50, "ms", spread(frames))
        yield _searched(page)


def _inside(server: Server) -> float:
    """From a click on the agent's card until its conversation is drawn."""
    with tab("talk.js") as page:
        page.goto(f"{server.url}/task?id=long")
        page.wait_for_selector("a.agent", timeout=60_000)
        page.wait_for_timeout(2_000)
        page.evaluate("document.addEventListener('click', () => { window.__clicked ??= Date.now(); }, true)")
        page.locator("a.agent").first.click()
        return _drawn(page) - float(page.evaluate("window.__clicked"))


def _first_visit(server: Server) -> float:
    with tab("talk.js") as page:
        page.goto(f"{server.url}/agent?id=talker")
        return _drawn(page) - float(page.evaluate("performance.timeOrigin"))


def _drawn(page: Page) -> float:
    """When the first rows were on the screen, by the browser's clock."""
    page.wait_for_selector(ROWS, timeout=60_000)
    page.wait_for_timeout(500)
    return float(page.evaluate("window.__talk.rowsAt"))


def _followed(page: Page, store: Store) -> list[float]:
    """How long each of some new messages took from before its commit to the screen."""
    began: dict[str, float] = {}
    for number in range(TAILS):
        name = f"tail-{number:03}"
        began[name] = time.time() * 1000
        with store.write() as ledger:
            _said(ledger, f"{name}: {_text(20)}", name)
        page.wait_for_timeout(random.randint(*GAP_MS))
    page.wait_for_timeout(2_000)
    seen = page.evaluate("window.__talk.tails")
    return [seen[name] - at for name, at in began.items() if name in seen]


def _searched(page: Page) -> Figure:
    field = page.get_by_role("searchbox")
    field.fill("needle in the hay")
    began = time.monotonic()
    field.press("Enter")
    page.locator(".talk .count", has_text="hit").or_(page.locator(".talk .count", has_text="of")).first.wait_for()
    return at_most("search inside all of it, the needle in one answer", (time.monotonic() - began) * 1000, None, "ms")


@contextlib.contextmanager
def _long_home() -> Iterator[tuple[Path, Store]]:
    """A live agent with a long conversation; this process is the engine of the store, so it stays as it is."""
    with fleets.empty_home() as home, (home / "engine.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store = Store.open(f"sqlite:///{fleets.store_path(home)}")
        fill(store, REPLIES)
        try:
            yield home, store
        finally:
            store.close()


def fill(store: Store, replies: int) -> None:
    """An agent that made this many replies: thinking, texts, calls with answers, files and a compaction."""
    random.seed(7)
    with store.write() as ledger:
        step = e.StepSpec(key="builder", role=Role.BUILDER, scope="Build it")
        ledger.append(
            e.TaskSubmitted(
                task_id="long",
                description="A long piece of work",
                task_type=TaskType.REFACTORING,
                complexity=Complexity.SIMPLE,
                analyst_included=False,
                analyst_reason="Simple task",
                workflow=(step,),
                working_directory="/srv/calc",
                runtime=Runtime.CLAUDE,
                by="bench",
            )
        )
        ledger.append(e.TaskMoved(task_id="long", to=TaskStatus.IN_PROGRESS))
        made = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "claude-sonnet-5-5"}
        ledger.append(e.AgentCreated(**IDS, **made, runtime=Runtime.CLAUDE))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))
        ledger.append(e.Prompted(**IDS, chars=40, blob=ledger.keep(b"Do a long piece of work, and say so.")))
        for number in range(replies):
            _reply(ledger, number, replies)


def _reply(ledger: Ledger, number: int, replies: int) -> None:
    message = f"bench-{number}"
    if number % 3 == 0:
        thought = _text(60).encode()
        blob = ledger.keep(thought)
        ledger.append(e.Said(**IDS, message_id=message, block="thinking", chars=len(thought), blob=blob))
    if number % 2 == 0:
        _said(ledger, _text(random.randint(10, 120)), message)
    else:
        _called(ledger, number, message)
    used = 20_000 + (number % 2_500) * 300
    if number and number % 2_500 == 0:
        ledger.append(e.ContextCompacted(**IDS, before_tokens=770_000, after_tokens=20_000))
    tokens = Tokens(input=4, output=200, cache_read=used)
    more = {"model": "claude-sonnet-5-5", "context_window": 1_000_000}
    ledger.append(e.MessageMetered(**IDS, message_id=message, tokens=tokens, cost_nanousd=9_000_000, **more))
    if number == replies // 3:
        _called(ledger, number, message, "a needle in the hay")


def _said(ledger: Ledger, text: str, message: str) -> None:
    ledger.append(e.Said(**IDS, message_id=message, block="text", chars=len(text), blob=ledger.keep(text.encode())))


def _called(ledger: Ledger, number: int, message: str, output: str | None = None) -> None:
    call = {"tool_use_id": f"call-{number}-{output is None}", "tool": ("Bash", "Read", "Edit")[number % 3]}
    given = ledger.keep(json.dumps({"command": f"pytest tests/test_{number}.py", "description": _text(6)}).encode())
    ledger.append(e.ToolCalled(**IDS, **call, words=f"running test_{number}", input_blob=given, message_id=message))
    answer = ledger.keep((output or "\n".join(_text(12) for _ in range(random.randint(1, 40)))).encode())
    ledger.append(e.ToolReturned(**IDS, **call, is_error=number % 97 == 0, output_blob=answer, preview=""))
    if call["tool"] == "Edit":
        touched = {"path": f"src/part_{number % 40}.py", "change": FileChange.MODIFIED, "added": 3, "removed": 1}
        ledger.append(e.FileTouched(**IDS, tool_use_id=call["tool_use_id"], **touched))


def _text(length: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(length))
