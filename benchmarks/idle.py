"""What the server costs while many people look on and nothing happens."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks import fleets
from benchmarks.crowd import watching
from benchmarks.figures import Figure, at_most
from benchmarks.servers import Server, serving

OPEN = 100
WATCHED_S = 20.0
MOST_PERCENT = 5


def measure() -> Iterator[Figure]:
    with fleets.stored_home() as home, serving(home) as server:
        alone = _percent(server)
        with watching(server, "", OPEN, settle_s=10):
            beside = f"{alone:.1f} % with no session open, the engine running in both"
            name = f"server with {OPEN} sessions open and nothing happening, of one core"
            yield at_most(name, _percent(server), MOST_PERCENT, "%", beside, digits=1)


def _percent(server: Server) -> float:
    before = server.cpu_s()
    time.sleep(WATCHED_S)
    return 100 * (server.cpu_s() - before) / WATCHED_S
