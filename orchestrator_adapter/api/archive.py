"""Where history lies, over HTTP: what is hot, what lies in Parquet, what is written down for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from data.domain import errors as e
from data.warehouse.tiers import Tier
from orchestrator_adapter import archive, commands_archive
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Nothing
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.archive import Done


class TierShape(Shape):
    replies: int
    tool_calls: int
    files: int
    bytes: int
    since: datetime | None
    until: datetime | None


class ColdPart(Shape):
    noun: str
    file: str
    rows: int
    bytes: int
    sha256: str


class ColdMonth(Shape):
    month: str
    parts: list[ColdPart]


class ArchiveShape(Shape):
    hot: TierShape | None
    """In the database; null if that is all in memory."""
    warm: TierShape | None
    """In Parquet."""
    cold: list[ColdMonth]
    """As compressed lines of JSON besides."""
    folder: str
    """Where those lie."""


class ArchivedShape(ArchiveShape):
    moved_files: int
    written_months: list[str]


def show(call: Call, _query: Nothing) -> Answer:
    return answer(told(call))


def do(call: Call, _body: Nothing) -> Answer:
    return answer(done(call))


def told(call: Call) -> dict[str, Any]:
    """The same for every front end. Raises StoreUnavailable."""
    lies = archive.look(call.deck.warehouse, call.deck.settings.home)
    return {
        "hot": _tier(lies.hot),
        "warm": _tier(lies.warm),
        "cold": [{"month": one.month, "parts": [{**vars(part)} for part in one.parts]} for one in lies.cold],
        "folder": str(lies.folder),
    }


def done(call: Call) -> dict[str, Any]:
    """Archive now; what it did, and what lies where. Raises NotAllowed, StoreUnavailable."""
    did: Done = commands_archive.archive_history(call.deck, call.actor)
    return told(call) | {"moved_files": did.moved, "written_months": list(did.written)}


def _tier(found: Tier | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "replies": found.replies,
        "tool_calls": found.calls,
        "files": found.files,
        "bytes": found.bytes,
        "since": found.since,
        "until": found.until,
    }


def operations(v1: str) -> list[Operation]:
    refuses = (e.StoreUnavailable,)
    return [
        Operation("GET", f"{v1}/archive", show, "What of history lies where", gives=ArchiveShape, refuses=refuses),
        Operation(
            "POST",
            f"{v1}/archive",
            do,
            "Move old months into Parquet and write down those of long ago; nothing is removed from the store",
            gives=ArchivedShape,
            refuses=(*refuses, e.NotAllowed, e.CrossSite),
        ),
    ]
