"""Files as the API tells and asks for them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from data.domain.agents import FileChange, Role
from data.domain.files import Explained, FileDiff, FileEntry, Maker
from data.domain.money import to_usd
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.shapes import Json
from orchestrator_adapter.file_report import patch

MOST_DIFFS = 50


class FilesQuery(Sent):
    """Which files, and how much of each."""

    path: str | None = Field(None, max_length=4096, description="Only this file, as the list names it")
    diff: bool = Field(False, description=f"With what changed inside; of up to {MOST_DIFFS} files at once")
    format: Literal["json", "csv", "markdown"] = Field("json", description="`csv` and `markdown`: a report, no diffs")


class VersionQuery(Sent):
    """Which version of which file."""

    path: str = Field(max_length=4096, description="As the list names it")
    version: Literal["before", "after"] = Field("after", description="Before or after the agent's change")


class MakerShape(Shape):
    kind: Literal["call", "command"]
    tool_use_id: str
    tool: str
    words: str
    agent_id: str
    agent: str
    step: str
    message_id: str
    cost_usd: float | None


class LineShape(Shape):
    sign: Literal[" ", "-", "+"]
    text: str


class HunkShape(Shape):
    header: str
    lines: list[LineShape]
    added: int
    removed: int
    made_by: list[MakerShape]
    unknown: bool


class DiffShape(Shape):
    patch: str
    placed: bool
    hunks: list[HunkShape]
    why_not: str
    made_by: list[MakerShape]


class FileShape(Shape):
    path: str
    change: FileChange
    task_id: str
    agent_id: str
    agent: str
    role: Role
    step: str
    folder: str
    at: datetime | None
    added: int
    removed: int
    lines: int | None
    compared: bool
    before_size: int | None
    after_size: int | None
    withheld: str
    maybe_by: list[str]
    diff: DiffShape | None


class FileList(Shape):
    items: list[FileShape]
    next_cursor: str | None


def entry(value: FileEntry, inside: FileDiff | None = None) -> Json:
    return {
        "path": value.path,
        "change": value.change,
        "task_id": value.task_id,
        "agent_id": value.agent_id,
        "agent": value.agent,
        "role": value.role,
        "step": value.step,
        "folder": value.folder,
        "at": value.at,
        "added": value.added,
        "removed": value.removed,
        "lines": value.lines,
        "compared": value.found,
        "before_size": value.before_size,
        "after_size": value.after_size,
        "withheld": value.withheld,
        "maybe_by": list(value.shared),
        "diff": None if inside is None else diff(inside),
    }


def diff(value: FileDiff) -> Json:
    return {
        "patch": patch(value),
        "placed": value.placed,
        "hunks": [_hunk(one) for one in value.hunks],
        "why_not": value.why_not,
        "made_by": [_maker(one) for one in value.makers],
    }


def _hunk(one: Explained) -> Json:
    return {
        "header": one.hunk.header,
        "lines": [{"sign": sign, "text": text} for sign, text in one.hunk.lines],
        "added": one.hunk.added,
        "removed": one.hunk.removed,
        "made_by": [_maker(maker) for maker in one.makers],
        "unknown": one.unknown,
    }


def _maker(one: Maker) -> Json:
    return {
        "kind": one.kind,
        "tool_use_id": one.tool_use_id,
        "tool": one.tool,
        "words": one.words,
        "agent_id": one.agent_id,
        "agent": one.agent,
        "step": one.step,
        "message_id": one.message_id,
        "cost_usd": None if one.cost_nanousd is None else to_usd(one.cost_nanousd),
    }
