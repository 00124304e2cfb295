"""Events of history that was read in: sessions of Claude Code, their transcripts, and how an import comes along."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from data.domain.agents import Role
from data.domain.event_base import AgentEvent, TaskEvent
from data.domain.money import Tokens

ImportStatus = Literal["running", "completed", "failed"]


class SessionImported(TaskEvent):
    """A session of Claude Code became a task; once more, if it had been deleted and somebody asked for it again."""

    kind: Literal["session_imported"] = "session_imported"
    session_id: str
    description: str
    working_directory: str
    model: str
    began_at: datetime
    by: str


class TranscriptRead(AgentEvent):
    """One pass over what was new in the transcript of an imported agent; counts are those of this pass alone.

    What the counts are made of, replies, files and the lines themselves, was written in the same transaction.
    """

    kind: Literal["transcript_read"] = "transcript_read"
    session_id: str
    path: str
    name: str
    role: Role
    main: bool = False
    """Whether it is the session's own transcript, and not that of a sub-agent."""
    model: str
    lines: int = 0
    size: int = 0
    faults: int = 0
    replies: int = 0
    tokens: Tokens = Tokens()
    cost_nanousd: int = 0
    unpriced: int = 0
    errors: int = 0
    tool_calls: int = 0
    began_at: datetime | None = None
    last_at: datetime | None = None
    context_used: int | None = None
    context_window: int | None = None
    totals_nanousd: tuple[int, ...] = ()
    """The running totals that Claude Code itself wrote, in their order: a second figure, never added to the cost."""
    description: str | None = None
    """A better name for the session than it had."""
    result: str | None = None


class ImportMoved(TaskEvent):
    """An import began, came further or ended; `task_id` is empty."""

    kind: Literal["import_moved"] = "import_moved"
    import_id: str
    of: Literal["transcripts", "logs"] = "transcripts"
    folder: str
    to: ImportStatus
    by: str
    files_total: int = 0
    files_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    report: dict[str, int | dict[str, int] | list[str]] = Field(default_factory=dict)
    error: str | None = None
