"""What programs ask about files: which an agent or a task read and changed, what changed inside, and each version."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from data.domain import errors as e
from data.domain.agents import FileChange
from data.domain.files import FileEntry
from data.store import Board
from orchestrator_adapter import file_report
from orchestrator_adapter.api import file_shapes as s
from orchestrator_adapter.api.http import Answer, Call, Operation, answer

V1 = "/api/v1"
_TYPES = {"csv": "text/csv; charset=utf-8", "markdown": "text/markdown; charset=utf-8"}


def operations() -> list[Operation]:
    """The addresses about files."""
    agent, task = f"{V1}/agents/{{id}}/files", f"{V1}/tasks/{{id}}/files"
    what, listed = "what changed inside only where it is asked for", s.FileList
    refuses = (e.FileUnknown, e.InvalidField)
    return [
        Operation(
            "GET",
            agent,
            of_agent,
            f"Files that it read and changed; {what}",
            s.FilesQuery,
            listed,
            refuses=(e.AgentNotFound, *refuses),
        ),
        Operation(
            "GET",
            f"{agent}/content",
            content,
            "A file as it was before or after the agent's change",
            s.VersionQuery,
            refuses=(e.AgentNotFound, e.FileUnknown, e.BlobNotFound),
        ),
        Operation(
            "GET",
            task,
            of_task,
            f"Files that its agents read and changed; {what}",
            s.FilesQuery,
            listed,
            refuses=(e.TaskNotFound, *refuses),
        ),
    ]


def of_agent(call: Call, query: s.FilesQuery) -> Answer:
    with call.deck.store.read() as board:
        agent = board.agent(call.id(e.AgentNotFound))
        return _given(board, board.files_of_agent(agent.id), query, f"Files of {agent.name}")


def of_task(call: Call, query: s.FilesQuery) -> Answer:
    with call.deck.store.read() as board:
        task = board.task(call.id(e.TaskNotFound))
        return _given(board, board.files_of_task(task.id), query, f"Files of task {task.id}")


def _given(board: Board, found: Sequence[FileEntry], query: s.FilesQuery, title: str) -> Answer:
    if query.path is not None:
        found = [entry for entry in found if entry.path == query.path]
        if not found:
            raise e.FileUnknown(f"Nobody here has read or changed {query.path}.", path=query.path)
    if query.format != "json":
        text = file_report.report(found, query.format, title)
        return Answer(text.encode(), media_type=_TYPES[query.format], headers={"cache-control": "no-store"})
    changed = [entry for entry in found if entry.change is not FileChange.READ]
    if query.diff and len(changed) > s.MOST_DIFFS:
        raise e.InvalidField(
            f"diff takes up to {s.MOST_DIFFS} changed files at once, and here are {len(changed)}: name one by path.",
            field="diff",
            limit=s.MOST_DIFFS,
        )
    inside = {id(one): board.file_diff(one.agent_id, one.path) for one in changed} if query.diff else {}
    return answer({"items": [s.entry(one, inside.get(id(one))) for one in found], "next_cursor": None})


def content(call: Call, query: s.VersionQuery) -> Answer:
    with call.deck.store.read() as board:
        agent = board.agent(call.id(e.AgentNotFound))
        entry = board.file_diff(agent.id, query.path).entry
        blob = entry.before_blob if query.version == "before" else entry.after_blob
        if blob is None:
            why = f": {entry.withheld}" if entry.withheld else ""
            raise e.BlobNotFound(f"Of {query.path} nothing is kept from {query.version} the change{why}.")
        name = quote(query.path.rpartition("/")[2])
        kind = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "no-store"}
        return Answer(board.blob(blob), media_type="application/octet-stream", headers=kind)
