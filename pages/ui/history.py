"""What the event log says, cut to what a page shows."""

from __future__ import annotations

from data.store import Board, Recorded

WINDOW = 500


def newest(board: Board, task_id: str, wanted: int) -> list[Recorded]:
    """The last events of a task, newest first; looks back in growing windows, so a long log costs little."""
    clock, window = board.clock(), max(WINDOW, wanted)
    while True:
        after = max(0, clock - window)
        found = board.events(task_id=task_id, after=after, limit=window)
        if len(found) >= wanted or after == 0:
            return found[::-1][:wanted]
        window *= 4
