"""From a commit in the store to changed pixels in a browser, alone and beside others who have the same page open."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from playwright.sync_api import Page

from benchmarks import changes, fleets
from benchmarks.browsers import tab
from benchmarks.changes import Change, Target
from benchmarks.crowd import watching
from benchmarks.figures import Figure, at_most, p95, spread
from benchmarks.servers import Server, serving
from data.store import Store

CHANGES = 30
"""From each of the two places where a commit can come from."""
GAP_MS = (800, 1200)
LAST_MS = 3_000
"""How long the last change may take."""


@dataclass(frozen=True)
class Way:
    """One way to the screen: the page, what of a change is seen there, and the limits by number of other people."""

    name: str
    page: str
    field: str
    limits_ms: dict[int, float | None]


WAYS = (
    Way("live board", "", "words", {0: 150, 50: 250, 100: 300}),
    Way("woken table", "tasks", "cost", {0: 250, 50: 500, 100: None}),
)


def measure(beside: int | None) -> Iterator[Figure]:
    """`beside`: only with so many others, which takes three minutes instead of ten."""
    with fleets.busy_home() as (home, store), serving(home, ("-m", "benchmarks.host")) as server:
        who = changes.target(store)
        number = 0
        for way in WAYS:
            for others, limit_ms in way.limits_ms.items():
                if beside not in (None, others):
                    continue
                with watching(server, way.page, others), tab("watch.js") as page:
                    made = _changes(server, store, who, page, way, number)
                    yield from _figures(way, others, limit_ms, made, page.evaluate("window.__seen"))
                number += 2 * CHANGES


def _changes(server: Server, store: Store, who: Target, page: Page, way: Way, number: int) -> dict[str, list[Change]]:
    """Commit changes in turn from the server's own process and from this one."""
    page.goto(f"{server.url}/{way.page}")
    page.wait_for_selector("canvas", timeout=60_000)
    page.wait_for_timeout(4_000)
    made: dict[str, list[Change]] = {"inside": [], "outside": []}
    for step in range(number + 1, number + 2 * CHANGES, 2):
        made["inside"].append(inside(server.process, who, step))
        page.wait_for_timeout(random.randint(*GAP_MS))
        made["outside"].append(changes.commit(store, who, step + 1, "outside"))
        page.wait_for_timeout(random.randint(*GAP_MS))
    page.wait_for_timeout(LAST_MS)
    return made


def inside(process: subprocess.Popen[str], who: Target, number: int) -> Change:
    """A change that `benchmarks.host` commits in its own process."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"who": asdict(who), "number": number}) + "\n")
    process.stdin.flush()
    while not (line := process.stdout.readline()).startswith("{"):
        if not line:
            raise RuntimeError("The server has gone.")
    return Change(**json.loads(line))


def _figures(
    way: Way, others: int, limit_ms: float | None, made: dict[str, list[Change]], seen: dict[str, list[list[float]]]
) -> Iterator[Figure]:
    for place, committed in made.items():
        found = latencies(committed, way.field, seen["screen"])
        name = f"commit {place} the server to pixels, {way.name}, {others} others, p95"
        arrived = latencies(committed, way.field, seen["socket"])
        beside = spread(found) if found else ""
        if way.field == "words" and arrived:
            beside += f"; at the page's socket p50 {statistics.median(arrived):.0f}, p95 {p95(arrived):.0f}"
        if lost := len(committed) - len(found):
            beside += f"; {lost} of {len(committed)} overtaken by the next change before they were drawn"
        yield at_most(name, p95(found), limit_ms, "ms", beside)


def latencies(committed: list[Change], field: str, seen: list[list[float]]) -> list[float]:
    first: dict[object, float] = {}
    for text, at_ms in seen:
        first.setdefault(text, at_ms)
    return [first[w] - change.at_ms for change in committed if (w := getattr(change, field)) in first]
