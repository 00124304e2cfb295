"""Which files a tool call of Claude Code read or changed, by what it was given and what it answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.domain.agents import FileChange
from orchestrator_adapter.runners.activity import inside

Plain = Mapping[str, Any]
Touch = tuple[str, FileChange, int, int]
"""Path as seen from the folder, what was done, lines added and removed."""


def touches(tool: str, given: Plain, answered: object, folder: str) -> list[Touch]:
    """At most one, for the tools that name their file."""
    detail: Plain = answered if isinstance(answered, Mapping) else {}
    read = detail.get("file")
    named = read.get("filePath") if isinstance(read, Mapping) else None
    path = detail.get("filePath") or named or given.get("file_path") or given.get("notebook_path")
    if not isinstance(path, str) or not path:
        return []
    where = inside(path, folder or "/")
    match tool:
        case "Read":
            return [(where, FileChange.READ, 0, 0)]
        case "Write":
            new = detail.get("type") == "create" or (bool(detail) and detail.get("originalFile") is None)
            return [(where, FileChange.CREATED if new else FileChange.MODIFIED, *_lines(detail))]
        case "Edit" | "MultiEdit" | "NotebookEdit":
            new = tool == "Edit" and bool(detail) and not given.get("old_string") and not detail.get("originalFile")
            return [(where, FileChange.CREATED if new else FileChange.MODIFIED, *_lines(detail))]
    return []


def _lines(detail: Plain) -> tuple[int, int]:
    """Lines added and removed."""
    hunks = detail.get("structuredPatch")
    hunks = [h for h in hunks if isinstance(h, Mapping)] if isinstance(hunks, list) else []
    lines = [str(line) for hunk in hunks for line in _list(hunk.get("lines"))]
    if not hunks and detail.get("originalFile") is None and isinstance(detail.get("content"), str):
        return len(detail["content"].splitlines()), 0
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
