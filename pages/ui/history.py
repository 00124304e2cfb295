"""What the event log says, cut to what a page shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data.domain.events import FileTouched
from data.domain.events import ToolCalled, ToolReturned
from data.store import Board, Recorded

WINDOW = 500


@dataclass(frozen=True)
class FileRow:
    """What happened to one file, by whom."""

    path: str
    change: str
    agent_id: str
    added: int
    removed: int
class ToolCall:
    """One use of a tool: the question and, once it is there, the answer."""

    at: datetime
    called: ToolCalled
    returned: ToolReturned | None


def newest(board: Board, task_id: str, wanted: int) -> list[Recorded]:
    """The last events of a task, newest first; looks back in growing windows, so a long log costs little."""
    clock, window = board.clock(), max(WINDOW, wanted)
    while True:
        after = max(0, clock - window)
        found = board.events(task_id=task_id, after=after, limit=window)
        if len(found) >= wanted or after == 0:
            return found[::-1][:wanted]
        window *= 4


def of_agent(board: Board, agent_id: str, most: int = 20_000) -> list[Recorded]:
    return board.events(agent_id=agent_id, limit=most)


def files(events: Iterable[Recorded]) -> list[FileRow]:
    """Files by path and change, with the lines that were added and removed."""
    rows: dict[tuple[str, str, str], FileRow] = {}
    for entry in events:
        if isinstance(touched := entry.event, FileTouched):
            key = (touched.path, touched.change.value, touched.agent_id)
            old = rows.get(key, FileRow(*key, 0, 0))
            rows[key] = FileRow(*key, old.added + touched.added, old.removed + touched.removed)
    return sorted(rows.values(), key=lambda row: (row.change == "read", row.path))
def tool_calls(events: Iterable[Recorded]) -> list[ToolCall]:
    """Calls with their answers, in the order in which they were made."""
    calls: dict[str, ToolCall] = {}
    for entry in events:
        match entry.event:
            case ToolCalled() as called:
                calls[called.tool_use_id] = ToolCall(entry.at, called, None)
            case ToolReturned(tool_use_id=key) as returned if key in calls:
                calls[key] = ToolCall(calls[key].at, calls[key].called, returned)
    return list(calls.values())
