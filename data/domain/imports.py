"""An import: what is read in from elsewhere, how far it is, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from data.domain.history_events import ImportStatus

SILENT = timedelta(seconds=30)
"""An import that said nothing for so long has no process any more."""


@dataclass(frozen=True)
class ImportReport:
    """What an import found; every file stands in exactly one of new, grown, known and skipped."""

    new: int = 0
    grown: int = 0
    """Known files that had more to read."""
    known: int = 0
    """Files in which nothing had changed."""
    replaced: int = 0
    """Files, counted as grown, that were cut or overwritten and so were read from their beginning."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Files that were not taken, by the reason as a sentence."""
    sessions: int = 0
    """Tasks that the import made."""
    subagents: int = 0
    replies: int = 0
    known_replies: int = 0
    """Replies that were counted before, as in a fork."""
    nanousd: int = 0
    unpriced: int = 0
    faults: int = 0
    fault_places: list[str] = field(default_factory=list)
    """The first of them, each with its file and line."""
    waiting: int = 0
    """Files whose last line is not whole yet."""

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> ImportReport:
        return cls(**{name: value for name, value in body.items() if name in cls.__dataclass_fields__})

    @property
    def skips(self) -> int:
        return sum(self.skipped.values())


@dataclass(frozen=True)
class Import:
    """One import as it stands now."""

    id: str
    kind: str
    folder: str
    status: ImportStatus
    by: str
    started_at: datetime
    heard_at: datetime
    ended_at: datetime | None
    files_total: int
    files_done: int
    bytes_total: int
    bytes_done: int
    report: ImportReport
    error: str | None

    def broken_off(self, now: datetime) -> bool:
        """Whether the process that did it is gone: the next import of the folder goes on where it stopped."""
        return self.status == "running" and now - self.heard_at > SILENT
