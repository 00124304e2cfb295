"""Hooks and telemetry of many sessions at 2,000 events a second: none lost, quickly answered, and the pages keep up."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import changes, fleets
from benchmarks.browsers import tab
from benchmarks.figures import Figure, at_most, p95, spread, told
from benchmarks.pixels import latencies
from benchmarks.reporting import SESSIONS, Kind, Order, Sent
from benchmarks.servers import Server, serving
from data.store import Store
from orchestrator_adapter.ingest.token import Token

RATE = 2_000
SECONDS = 60
BOARD_MS = 300
ANSWER_MS = 150
GAP_MS = (800, 1200)


def measure() -> Iterator[Figure]:
    for kind in ("hooks", "telemetry"):
        yield from _measured(kind)


def _measured(kind: Kind) -> Iterator[Figure]:
    with fleets.busy_home() as (home, store), serving(home, ("-m", "benchmarks.host", "index")) as server:
        who, token = changes.target(store), Token(home).get()
        with tab("watch.js") as page:
            page.goto(server.url)
            page.wait_for_selector("canvas", timeout=60_000)
            page.wait_for_timeout(4_000)
            before_s = server.cpu_s()
            told_in = home / "sent.json"
            with _sending(kind, server, token, told_in) as sender:
                made, number = [], 0
                while sender.poll() is None:
                    number += 1
                    made.append(changes.commit(store, who, number, "outside"))
                    page.wait_for_timeout(random.randint(*GAP_MS))
                sent = Sent(**json.loads(told_in.read_text()))
            cpu_s = server.cpu_s() - before_s
            page.wait_for_timeout(3_000)
            seen = latencies(made, "words", page.evaluate("window.__seen")["screen"])
        yield from _figures(kind, store, sent, cpu_s, seen, len(made))


def _figures(kind: Kind, store: Store, sent: Sent, cpu_s: float, seen: Sequence[float], made: int) -> Iterator[Figure]:
    with store.read() as board:
        found = board.observed_received()
    source = "hooks" if kind == "hooks" else "logs"
    received = sum(one.number for one in found if one.source == source)
    rate = f"{sent.events / sent.took_s:,.0f} events a second of {SESSIONS} sessions for {sent.took_s:.0f} s"
    lost = sent.events - sent.refused - received
    yield at_most(f"{kind} that were answered and lost", abs(lost), 0, "events", f"{rate}, {sent.refused} refused")
    yield at_most(
        f"{kind}: answer after the commit, p95", p95(sent.answers_ms), ANSWER_MS, "ms", spread(sent.answers_ms)
    )
    beside = f"{spread(seen)}; {made - len(seen)} of {made} overtaken" if seen else ""
    yield at_most(f"{kind} coming in: commit to pixels, live board, p95", p95(seen), BOARD_MS, "ms", beside)
    senders = f"the senders {sent.cpu_s / sent.took_s:.0%}, and the browser, on the same {os.cpu_count()} cores"
    yield told(f"{kind}: CPU of the server", f"{cpu_s / sent.took_s:.0%} of a core", senders)


@contextlib.contextmanager
def _sending(kind: Kind, server: Server, token: str, told_in: Path) -> Iterator[subprocess.Popen[str]]:
    """The senders, in a process of their own; what they saw is more than a pipe holds."""
    given = json.dumps(asdict(Order(kind, server.port, token, RATE, SECONDS)))
    command = [sys.executable, "-m", "benchmarks.reporting", given]
    with told_in.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=out, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
