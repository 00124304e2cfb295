"""What may be asked about agents' logs, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from data.domain.agents import AgentStatus, FileChange
from data.domain.log_entries import EntryKind, LogFilter, Outcome
from data.store.lists import MAX_LIMIT
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Path, Sent, Short


class LogFileQuery(Sent):
    """Which stretch of a log file; a Range header does the same."""

    offset: int = Field(0, ge=0, lt=2**63, description="First byte")
    limit: int | None = Field(None, ge=1, lt=2**63, description="Most bytes; by itself to the end of the file")
    download: bool = Field(False, description="Let a browser save it")


class LogActionQuery(Sent):
    """Which actions of an agent."""

    tool: Short | None = None
    outcome: Outcome | None = None
    since: AwareDatetime | None = Field(None, alias="from", description="Begun at or after")
    until: AwareDatetime | None = Field(None, alias="to", description="Begun before")
    q: Short | None = Field(None, description="Text of its words or of the beginning of the answer")
    what: Literal["calls", "all"] = Field("calls", description="`all`: what is no tool call, too")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer, the oldest first")
    cursor: int = Field(0, ge=0, lt=2**63, description="`next_cursor` of the page before")

    def wanted(self) -> LogFilter:
        return LogFilter(self.tool, self.outcome, self.since, self.until, self.what == "calls", self.q)


class LogImportBody(Sent):
    """Which log folders to take in."""

    path: Path = Field(description="A folder on the server that holds agent logs, at any depth")
    zone: Short = Field("", description="Of times without an offset, like Europe/Berlin; by itself the server's own")


class LogTouchedShape(Shape):
    path: str
    change: FileChange


class LogActionShape(Shape):
    id: str
    """The clock of its event."""
    agent_id: str
    at: datetime
    kind: EntryKind
    tool: str | None
    tool_use_id: str | None
    words: str
    outcome: Outcome
    ended_at: datetime | None
    duration_s: float | None
    subagent: bool
    files: list[LogTouchedShape]
    answer: str
    """How the answer begins."""


class LogCallShape(LogActionShape):
    input: JsonValue


class LogActionList(Shape):
    items: list[LogCallShape]
    next_cursor: str | None
    tools: list[str]
    """Every tool that the agent called."""


class DiagnosisShape(Shape):
    agent_id: str
    task_id: str
    name: str
    step: str
    status: AgentStatus
    at: datetime
    sentence: str
    why: str
    cause: LogActionShape | None
    cause_from: str
    """Who said the words of the cause."""
    cause_words: str
    last_good: LogActionShape | None
    evidence: list[LogActionShape]
    troubles: str
    link: str
    """The page that shows the very entry."""


class DiagnosisList(Shape):
    items: list[DiagnosisShape]
    next_cursor: None


class LogTakenShape(Shape):
    folder: str
    outcome: Literal["new", "grown", "known", "skipped"]
    why: str
    agent_id: str | None
    task_id: str | None
    events: int
    broken: int
    half_written: list[str]
    cut: int


class LogImportShape(Shape):
    path: str
    new: int
    grown: int
    known: int
    skipped: int
    items: list[LogTakenShape]
