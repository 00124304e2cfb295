"""What is sent and said about imports over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import Field

from data.domain.history_events import ImportStatus
from data.domain.imports import Import, ImportReport
from data.domain.money import to_usd
from orchestrator_adapter.api.answers import Shape as Shape
from orchestrator_adapter.api.bodies import Sent as Sent


class ImportBody(Sent):
    """What to read in."""

    folder: str | None = Field(None, description="Null: that of Claude Code on the machine of the server")
    again: bool = Field(False, description="Sessions that were deleted here, too")


class WatchingBody(Sent):
    """Which folder to read in by itself."""

    automatic: bool
    folder: str | None = Field(None, description="Null: the one of before, or that of Claude Code on this machine")


class WatchingShape(Shape):
    automatic: bool
    folder: str


class ReportShape(Shape):
    new: int
    grown: int
    """Known files that had more to read."""
    known: int
    replaced: int
    """Of the grown ones: files that were cut or overwritten, and so were read from their beginning."""
    skipped: dict[str, int]
    """Files by the reason why they were not taken."""
    sessions: int
    subagents: int
    replies: int
    known_replies: int
    """Copies of replies that were counted before, as in a fork."""
    cost_usd: float
    unpriced: int
    faults: int
    """Broken lines; they are kept as they stand."""
    fault_places: list[str]
    waiting: int
    """Files whose last line is not whole yet."""


class ImportShape(Shape):
    id: str
    kind: str
    folder: str
    status: ImportStatus
    by: str
    started_at: datetime
    ended_at: datetime | None
    files_total: int
    files_done: int
    bytes_total: int
    bytes_done: int
    report: ReportShape
    error: str | None


class ImportList(Shape):
    items: list[ImportShape]


def one(found: Import) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "folder": found.folder,
        "status": found.status,
        "by": found.by,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "files_total": found.files_total,
        "files_done": found.files_done,
        "bytes_total": found.bytes_total,
        "bytes_done": found.bytes_done,
        "report": report(found.report),
        "error": found.error,
    }


def report(found: ImportReport) -> dict[str, Any]:
    body = asdict(found)
    return body | {"cost_usd": to_usd(body.pop("nanousd"))}
