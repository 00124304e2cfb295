"""What the server keeps in memory: with nothing in its store, with a long history, and for each open page."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import fleets
from benchmarks.crowd import watching
from benchmarks.figures import Figure, told
from benchmarks.servers import serving

OPEN = 100


def measure() -> Iterator[Figure]:
    with fleets.empty_home() as home, serving(home) as server:
        yield told("server memory, empty store", f"{server.rss_mb:.0f} MB", f"ready after {server.started_s:.1f} s")
    with fleets.stored_home() as home, serving(home) as server:
        stored = server.rss_mb
        yield told(
            f"server memory, {fleets.TASKS:,} tasks stored", f"{stored:.0f} MB", f"ready after {server.started_s:.1f} s"
        )
        with watching(server, "", 1):
            first = server.rss_mb
        with watching(server, "", OPEN):
            many = server.rss_mb
        yield told(
            "server memory for each open session",
            f"{(many - first) / (OPEN - 1):.2f} MB",
            f"{OPEN} sessions on Fleet: {many:.0f} MB; the first one loads the pages: {first:.0f} MB",
        )
