"""The first visit to the fleet page with an empty browser cache, over a history of 1,000 tasks and 100 live agents."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import fleets
from benchmarks.browsers import tab
from benchmarks.figures import Figure, at_most, told
from benchmarks.servers import Server, serving

VISITS = 5
REST_MS = 2_500
"""No new card for so long: all are there."""
LINE = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
"""10 Mbit/s and 40 ms to the server and back."""


@dataclass(frozen=True)
class Visit:
    """One visit, in milliseconds since the address was opened."""

    paint_ms: float
    first_card_ms: float
    all_cards_ms: float
    live_ms: float
    """When the page's own cards, which can be pressed, took the place of those that came with it."""
    table_ms: float
    shift: float
    http_mb: float
    cards: int


def measure() -> Iterator[Figure]:
    with fleets.busy_home() as (home, _), serving(home) as server:
        _visit(server, slow=False)  # the first session of a server loads the pages
        near = [_visit(server, slow=False) for _ in range(VISITS)]
        far = [_visit(server, slow=True) for _ in range(VISITS)]
    cards = f"{near[0].cards} cards, medians of {VISITS}"
    limits = {"paint_ms": 800, "first_card_ms": 1_500, "all_cards_ms": 2_000, "live_ms": None, "table_ms": None}
    named = {
        "paint_ms": "first contentful paint",
        "first_card_ms": "first card",
        "all_cards_ms": "all cards",
        "live_ms": "cards that live and can be pressed",
        "table_ms": "the table below",
    }
    for name, limit in limits.items():
        all_near = [getattr(v, name) for v in near]
        slow = f"{statistics.median(getattr(v, name) for v in far):,.0f} ms at 10 Mbit/s and 40 ms"
        beside = f"{slow}; fastest {min(all_near):,.0f}, slowest {max(all_near):,.0f}; {cards}"
        yield at_most(f"first visit: {named[name]}", statistics.median(all_near), limit, "ms", beside)
    shifted = statistics.median(v.shift for v in near)
    beside = f"{statistics.median(v.shift for v in far):.3f} at 10 Mbit/s and 40 ms"
    yield at_most("first visit: layout shift (CLS)", shifted, 0.1, "", beside, digits=3)
    size = statistics.median(v.http_mb for v in near)
    yield told("first visit: transferred", f"{size:.2f} MB", "over HTTP, as compressed on the wire")


def _visit(server: Server, *, slow: bool) -> Visit:
    with tab("visit.js") as page:
        sizes: list[float] = []
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        if slow:
            network.send("Network.emulateNetworkConditions", LINE)
        page.goto(server.url, timeout=60_000)
        page.wait_for_selector(".agent", timeout=60_000)  # the page's own: those that came with it are out of reach
        count = -1
        while count != (count := page.evaluate("window.__visit.cards.length")):
            page.wait_for_timeout(REST_MS)
        seen = page.evaluate("window.__visit")
    cards = seen["cards"]
    return Visit(
        seen["paint"],
        cards[0][1],
        cards[-1][1],
        seen["live"],
        seen["table"],
        seen["shift"],
        sum(sizes) / 1e6,
        int(cards[-1][0]),
    )
