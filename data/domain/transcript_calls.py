"""What a line of a transcript says: what a person asked for, tool calls, and what their answers did to which file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from data.domain.agents import FileChange
from data.domain.transcript_lines import text

MOST_PATH = 1_000
"""A longer path fits into no index of PostgreSQL."""
MOST_NAME = 120
MOST_PROMPT = 20_000
_SHELL = ("<command-", "<local-command-", "<system-reminder>", "Caveat: The messages below")
"""How text begins that Claude Code put into a person's mouth."""
CHANGES: dict[str, FileChange] = {
    "Read": FileChange.READ,
    "NotebookRead": FileChange.READ,
    "Write": FileChange.MODIFIED,
    "Edit": FileChange.MODIFIED,
    "MultiEdit": FileChange.MODIFIED,
    "NotebookEdit": FileChange.MODIFIED,
}
"""Tools that name the one file they touch."""


class Touch(NamedTuple):
    """What an answer says was done to a file."""

    path: str
    change: FileChange
    added: int
    removed: int


@dataclass
class Calls:
    """The calls that have not been answered yet."""

    _open: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Tool and path, if it names one, by the id of the call."""

    def called(self, block: Mapping[str, Any]) -> None:
        tool, given = text(block.get("name"), MOST_NAME), block.get("input")
        path = ""
        if tool in CHANGES and isinstance(given, dict):
            path = text(given.get("file_path") or given.get("notebook_path"), MOST_PATH)
        self._open[text(block.get("id"), MOST_NAME)] = (tool, path)

    def returned(self, block: Mapping[str, Any], result: object) -> tuple[str, Touch | None]:
        """The tool that answered, if its call is known, and the file that it touched if it did so without an error."""
        tool, path = self._open.pop(text(block.get("tool_use_id"), MOST_NAME), ("", ""))
        if block.get("is_error") is True:
            return tool, None
        told = result if isinstance(result, dict) else {}
        change = CHANGES.get(tool)
        if told.get("type") == "create":
            change, path = FileChange.CREATED, path or text(told.get("filePath"), MOST_PATH)
        elif not path and isinstance(told.get("structuredPatch"), list):  # called in an earlier pass
            change, path = FileChange.MODIFIED, text(told.get("filePath"), MOST_PATH)
        if change is None or not path:
            return tool, None
        return tool, Touch(path, change, *_counted(told, change))


def blocks(content: object, kind: str) -> Iterator[Mapping[str, Any]]:
    """Blocks of this kind in the content of a message."""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == kind:
            yield block


def asked(content: object) -> str:
    """What the person asked for; nothing if Claude Code wrote it in their place."""
    found = content if isinstance(content, str) else next((b.get("text") for b in blocks(content, "text")), "")
    said = text(found, MOST_PROMPT).strip()
    return "" if said.startswith(_SHELL) else said


def _counted(told: Mapping[str, Any], change: FileChange) -> tuple[int, int]:
    """Lines added and removed, as the tool's answer tells them."""
    if change is FileChange.CREATED:
        content = told.get("content")
        return (len(content.splitlines()), 0) if isinstance(content, str) else (0, 0)
    more = less = 0
    patch = told.get("structuredPatch")
    for hunk in patch if isinstance(patch, list) else ():
        lines = hunk.get("lines") if isinstance(hunk, dict) else None
        for line in lines if isinstance(lines, list) else ():
            more += isinstance(line, str) and line.startswith("+")
            less += isinstance(line, str) and line.startswith("-")
    return more, less
