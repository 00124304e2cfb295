"""How fast 50 rows of a long list are answered to 20 programs at once, alone and beside people who look on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import changes, fleets
from benchmarks.changes import Target
from benchmarks.crowd import watching
from benchmarks.figures import Figure, at_most, p95, spread
from benchmarks.servers import ROOT, Server, environment, serving
from data.store import Store

CLIENTS = 20
SECONDS = 8.0
OTHERS = 100
LISTS = {"agents": "/api/v1/agents?limit=50", "tasks": "/api/v1/tasks?limit=50"}
EACH_ONCE = "/api/v1/tasks?limit=50&from=2020-01-01T00:00:00.{n}Z"
"""The same rows by another question each time, so that no kept answer helps."""


@dataclass(frozen=True)
class Asked:
    """What the clients saw."""

    per_s: float
    ms: list[float]


def measure() -> Iterator[Figure]:
    with fleets.busy_home() as (home, store), serving(home) as server:
        who = changes.target(store)
        for name, address in LISTS.items():
            one = _asked(server, 1, address).ms
            yield _figure(f"{name}, alone", _asked(server, CLIENTS, address), 50, f"one client: {spread(one)}")
        yield _figure("tasks, each question asked once", _asked(server, CLIENTS, EACH_ONCE), None)
        with watching(server, "", OTHERS), _changing(store, who):
            for name, address in LISTS.items():
                asked = _asked(server, CLIENTS, address)
                yield _figure(f"{name}, beside {OTHERS} sessions, a change a second", asked, 200)


def _figure(name: str, asked: Asked, most_ms: float | None, beside: str = "") -> Figure:
    took = f"{asked.per_s:,.0f} requests/s; {spread(asked.ms)}"
    return at_most(
        f"50 {name}, {CLIENTS} clients, p95", p95(asked.ms), most_ms, "ms", "; ".join(filter(None, (took, beside)))
    )


def _asked(server: Server, clients: int, address: str) -> Asked:
    command = [sys.executable, "-m", "benchmarks.callers", str(server.port), str(clients), str(SECONDS), address]
    done = subprocess.run(command, cwd=ROOT, env=environment(ROOT), check=True, capture_output=True, text=True)
    return Asked(**json.loads(done.stdout))


@contextlib.contextmanager
def _changing(store: Store, who: Target) -> Iterator[None]:
    """A change a second from this process until the block ends."""
    done = threading.Event()

    def change() -> None:
        number = 0
        while not done.wait(1.0):
            number += 1
            changes.commit(store, who, number, "outside")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
