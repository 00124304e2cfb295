"""Transcripts that were read: the file of one agent, one line of it as it is kept, and what was wrong with a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.domain.transcript_lines import Line, parsed


class TranscriptState(StrEnum):
    """Whether this is what the file holds, or held last."""

    CURRENT = "current"
    """The last that was read under its path; Claude Code deletes it after 30 days, and what was read is kept."""
    REPLACED = "replaced"
    """It was cut or overwritten and is read anew under the next version; what was read before is kept."""


@dataclass(frozen=True)
class TranscriptFile:
    """The transcript of one agent: a session's own, or that of a sub-agent."""

    id: str
    agent_id: str
    task_id: str
    session_id: str
    path: str
    version: int
    """1, and one more each time the file was found replaced."""
    state: TranscriptState
    offset: int
    """Bytes that were read: up to the end of the last whole line."""
    lines: int
    faults: int
    """Lines that are no JSON object; they are kept as they stand."""
    undated: int
    """Replies without a time that can be read."""
    waiting: int
    """Bytes of a last line that is not whole yet."""
    parent_agent_id: str | None
    """The session's main agent, for a sub-agent."""
    tool_use_id: str | None
    """The tool call that started the sub-agent."""
    agent_type: str
    depth: int
    """0 for a session's main agent."""
    forked_from: str | None
    """The agent that already had the first replies of this one, if it is a fork or an old kind of resumption."""
    cli_version: str
    git_branch: str
    read_at: datetime


@dataclass(frozen=True)
class TranscriptLine:
    """One line as Claude Code wrote it."""

    number: int
    """Counted from 1."""
    offset: int
    """Bytes before it in the file."""
    raw: bytes
    """Without its line end."""

    def value(self) -> Line | None:
        """The object in it; None if it is broken."""
        return parsed(self.raw)


@dataclass(frozen=True)
class TranscriptFault:
    """A line that could not be read."""

    path: str
    number: int
    offset: int
    why: str
