"""Events about files: what calls say of them, and what was found changed."""

from __future__ import annotations

from typing import Literal

from data.domain.agents import FileChange
from data.domain.event_base import AgentEvent, Storable


class FileTouched(AgentEvent):
    """A tool read or changed a file, and succeeded."""

    kind: Literal["file_touched"] = "file_touched"
    path: str
    change: FileChange
    tool_use_id: str = ""
    added: int = 0
    removed: int = 0
    lines: int | None = None
    """How many it has, where the call says so."""


class FoundFile(Storable):
    """A file that is not as it was before a step."""

    path: str
    change: FileChange
    added: int = 0
    removed: int = 0
    lines: int | None = None
    before_blob: str | None = None
    after_blob: str | None = None
    before_size: int | None = None
    after_size: int | None = None
    withheld: str = ""
    """Why its content is not kept."""
    changed_ms: int | None = None
    """When it was last changed, by the file system's clock."""
    shared: tuple[str, ...] = ()
    """Agents that worked in the folder at the same time, one of which may have made the change instead."""


class FolderCompared(AgentEvent):
    """The working folder was compared with how it was before the step; replaces what an earlier comparison found."""

    kind: Literal["folder_compared"] = "folder_compared"
    files: tuple[FoundFile, ...]
    left_out: int = 0
    """Changed files beyond those that are listed."""
    looked_at: int
    words: str
    took_ms: int
