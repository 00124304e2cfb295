"""The live view of a page as it is now, so that its first picture does not wait for the stream."""

from __future__ import annotations

from typing import Any

from data.store import Store
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.views import live

STALE_S = 30
"""Age at which a view is computed again though nothing happened: what has just ended goes on ageing."""
MOST = 32

_views: Kept[dict[str, Any]] = Kept(MOST)


def current(store: Store, task_id: str | None = None) -> dict[str, Any]:
    """The fleet's view, or one task's, with the clock it holds for; computed once for all who look at one clock."""
    now = store.now()
    with store.read() as board:
        clock = board.clock()

        def compute() -> dict[str, Any]:
            elements = live.fleet(board, now) if task_id is None else live.task(board, task_id, now)
            return {"clock": clock, "elements": elements}

        return _views.get((str(store.url), clock, int(now.timestamp()) // STALE_S, task_id), compute)
