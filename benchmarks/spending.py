"""The Costs page over a million replies: how soon an event stands in it, how long a rerun takes, alone and for 20."""

from __future__ import annotations

import contextlib
import fcntl
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import changes, fleets, pixels
from benchmarks.browsers import tab
from benchmarks.changes import Change, Target
from benchmarks.figures import Figure, at_most, p95, spread, told
from benchmarks.people import people
from benchmarks.servers import Server, serving
from benchmarks.warehouse import REPLIES, fill
from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.tasks import TaskStatus
from data.store import Store

PAGE, QUERY = "costs", "window=90+days"
CHANGES = 20
"""From each of the two places where a commit can come from."""
GAP_MS = (1_200, 1_800)
LAST_MS = 3_000
ROUNDS = 20
TOGETHER = 20
WHO = Target("working", "worker")


def measure(replies: int | None = None) -> Iterator[Figure]:
    """Over so many replies, a million unless told otherwise."""
    replies = replies or REPLIES
    with _home(replies) as (home, store), serving(home, ("-m", "benchmarks.host")) as server:
        with people(server, PAGE, QUERY, 1) as one:
            one.ask()
            asked = [one.ask() for _ in range(ROUNDS)]
        took = [ms for each in asked for ms in each["took"]]
        beside = f"{spread(took)}; {asked[-1]['elements']} messages to draw {replies:,} replies of 90 days"
        yield at_most("costs page, warm rerun, p95", p95(took), 150, "ms", beside)
        yield from _together(server, store)
        yield from _events(server, store)


def _together(server: Server, store: Store) -> Iterator[Figure]:
    with people(server, PAGE, QUERY, TOGETHER) as all_of_them:
        all_of_them.ask()
        warm = [ms for _ in range(ROUNDS // 4) for ms in all_of_them.ask()["took"]]
        news = []
        for number in range(ROUNDS // 4):
            changes.commit(store, WHO, 1_000 + number, "outside")
            news += all_of_them.ask()["took"]
    yield at_most(f"costs page, {TOGETHER} people at once, p95", p95(warm), 1_000, "ms", spread(warm))
    yield told(f"costs page, {TOGETHER} people at once after an event, p95", f"{p95(news):,.0f} ms", spread(news))


def _events(server: Server, store: Store) -> Iterator[Figure]:
    with tab("spend.js") as page:
        page.goto(f"{server.url}/{PAGE}?{QUERY}")
        page.wait_for_selector('[data-testid="stMarkdownContainer"] strong', timeout=60_000)
        page.wait_for_timeout(4_000)
        first = page.evaluate("window.__spend.at(-1)[0]")
        made = _changes(server, store, page)
        seen: list[list[float | str]] = page.evaluate("window.__spend")
    at = {str(text): float(at_ms) for text, at_ms in reversed(seen)}
    cents = round(100 * float(first.replace("$", "").replace(",", "")))
    for place in ("inside", "outside"):
        found = []
        for number, (where, change) in enumerate(made, 1):
            shown = f"${(cents + number) / 100:,.2f}"
            if where == place and shown in at:
                found.append(at[shown] - change.at_ms)
        beside = spread(found) if found else ""
        if lost := sum(where == place for where, _ in made) - len(found):
            beside += f"; {lost} overtaken by the next change before they were drawn"
        name = f"commit {place} the server to its place in an open costs page, p95"
        yield at_most(name, p95(found) if found else float("inf"), 1_000, "ms", beside)


def _changes(server: Server, store: Store, page: Page) -> list[tuple[str, Change]]:
    made: list[tuple[str, Change]] = []
    for step in range(1, 2 * CHANGES, 2):
        made.append(("inside", pixels.inside(server.process, WHO, step)))
        page.wait_for_timeout(random.randint(*GAP_MS))
        made.append(("outside", changes.commit(store, WHO, step + 1, "outside")))
        page.wait_for_timeout(random.randint(*GAP_MS))
    page.wait_for_timeout(LAST_MS)
    return made


@contextlib.contextmanager
def _home(replies: int) -> Iterator[tuple[Path, Store]]:
    """A history and an agent at work, of which no engine makes a real one: this process is the engine of the store."""
    with fleets.empty_home() as home, (home / "engine.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store = Store.open(f"sqlite:///{fleets.store_path(home)}")
        try:
            fill(store, replies, datetime.now(UTC))
            _at_work(store)
            yield home, store
        finally:
            store.close()


def _at_work(store: Store) -> None:
    ids = {"task_id": WHO.task_id, "agent_id": WHO.agent_id}
    with store.write() as ledger:
        ledger.append(
            e.TaskSubmitted(
                task_id=WHO.task_id,
                description="Mend the lexer",
                task_type="bug_fix",
                complexity="simple",
                analyst_included=False,
                analyst_reason="",
                workflow=(e.StepSpec(key="builder", role=Role.BUILDER, scope="Build"),),
                working_directory="/src",
                runtime=Runtime.CLAUDE,
                by="ann",
            )
        )
        ledger.append(e.TaskMoved(task_id=WHO.task_id, to=TaskStatus.IN_PROGRESS))
        ledger.append(
            e.AgentCreated(
                **ids, step="builder", role=Role.BUILDER, name="B", model="claude-sonnet-5-5", runtime=Runtime.CLAUDE
            )
        )
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
