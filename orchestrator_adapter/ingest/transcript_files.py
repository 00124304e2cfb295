"""Files that may be transcripts: finding them, telling whose they are, and noticing that one was replaced."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import orjson

from data.domain import observed, words
from data.domain.transcript_lines import at_ms, parsed, text
from data.domain.transcripts import TranscriptFile
from data.store import imports

PIECE = 4 * 1024 * 1024
"""Bytes that are read, and written, at once."""
LONGEST_LINE = 128 * 1024 * 1024
MOST_SESSION = 80
"""Characters of a session's id."""
ENDS = 4096
"""Bytes at both ends of what was read by which a replaced file is noticed."""
NO_TRANSCRIPT = "no transcripts of Claude Code"
TOO_LONG = "a line longer than 128 MiB"
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,24}")


@dataclass(frozen=True)
class Found:
    """A file that may be a transcript."""

    path: Path
    size: int
    mtime_ns: int

    @property
    def key(self) -> str:
        return imports.path_key(os.fsencode(self.path))


def find(folder: Path) -> list[Found]:
    """Every `.jsonl` file below the folder, the one that was written first first; folders behind links are left out."""
    found = []
    for where, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in names:
            if name.endswith(".jsonl"):
                path = Path(where, name)
                try:
                    stat = path.stat()
                except OSError:  # it went away while we looked
                    continue
                found.append(Found(path, stat.st_size, stat.st_mtime_ns))
    return sorted(found, key=lambda one: (one.mtime_ns, str(one.path)))


@dataclass(frozen=True)
class Place:
    """Where the reading of a file goes on."""

    agent_id: str
    task_id: str
    session_id: str
    version: int
    offset: int
    lines: int
    parent: str | None
    tool_use_id: str | None = None
    agent_type: str = ""
    name: str = ""
    depth: int = 0
    began_ms: int | None = None
    """When its first lines were written, of a file that is not known."""

    @property
    def file_id(self) -> str:
        return _id(f"file:{self.agent_id}:{self.version}")


def _id(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def _subagent(stem: str) -> str:
    """The sub-agent's own name, in a form of which its id keeps every character."""
    name = stem.removeprefix("agent-")
    return name if _PLAIN.fullmatch(name) else _id(stem)[:24]


class Skip(Exception):
    """A file is not taken, for this reason."""


def place_of(file: TranscriptFile) -> Place:
    return Place(
        agent_id=file.agent_id,
        task_id=file.task_id,
        session_id=file.session_id,
        version=file.version,
        offset=file.offset,
        lines=file.lines,
        parent=file.parent_agent_id,
        tool_use_id=file.tool_use_id,
        agent_type=file.agent_type,
        depth=file.depth,
    )


def piece(file: BinaryIO) -> tuple[bytes, int]:
    """The next whole lines, and how many bytes follow them for which the end of the line is still missing."""
    raw = file.read(PIECE)
    while raw and b"\n" not in raw:
        more = file.read(PIECE)
        if not more:
            return b"", len(raw)
        raw += more
        if len(raw) > LONGEST_LINE:
            raise Skip(TOO_LONG)
    end = raw.rfind(b"\n") + 1
    return raw[:end], len(raw) - end


def ends(file: BinaryIO, offset: int) -> tuple[str, str]:
    """Checksums of the first line and of the last bytes that were read."""
    file.seek(0)
    head = file.read(min(ENDS, offset)).partition(b"\n")[0]
    file.seek(max(0, offset - ENDS))
    tail = file.read(min(ENDS, offset))
    return hashlib.sha256(head).hexdigest(), hashlib.sha256(tail).hexdigest()


def identified(path: Path, raw: bytes) -> Place:
    """Which session, and which agent of it, a file with these first lines tells of. Raises Skip if none."""
    session, known, began = "", False, None
    for line in raw.split(b"\n", 50)[:50]:
        found = parsed(line)
        if found is not None and isinstance(found.get("type"), str):
            session = session or text(found.get("sessionId"), MOST_SESSION)
            began = at_ms(found.get("timestamp")) if began is None else began
            known = known or "sessionId" in found or "leafUuid" in found
    if not known:
        raise Skip(NO_TRANSCRIPT)
    above = path.parents
    subagent = path.stem.startswith("agent-") or any(folder.name == "subagents" for folder in above)
    if not subagent:
        stem = text(path.stem, MOST_SESSION)
        session = stem if _is_uuid(stem) or not session else session
        return Place(
            observed.agent_id(session),
            observed.task_id(session),
            session,
            1,
            0,
            0,
            None,
            name="Claude Code",
            began_ms=began,
        )
    session = session or text(next((f.parent.name for f in above if f.name == "subagents"), path.stem), MOST_SESSION)
    return replace(
        _described(path),
        agent_id=observed.agent_id(session, _subagent(path.stem)),
        task_id=observed.task_id(session),
        session_id=session,
        parent=observed.agent_id(session),
        began_ms=began,
    )


def _is_uuid(stem: str) -> bool:
    try:
        uuid.UUID(stem)
    except ValueError:
        return False
    return True


def _described(path: Path) -> Place:
    """What the small file beside a sub-agent's transcript says about it; often there is none."""
    try:
        meta = orjson.loads(path.with_suffix(".meta.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        meta = {}
    meta = meta if isinstance(meta, dict) else {}
    kind = text(meta.get("agentType"), 120)
    depth = meta.get("spawnDepth")
    return Place(
        agent_id="",
        task_id="",
        session_id="",
        version=1,
        offset=0,
        lines=0,
        parent=None,
        tool_use_id=text(meta.get("toolUseId"), 120) or None,
        agent_type=kind,
        name=words.shortened(text(meta.get("description"), 120), 60) or kind or "sub-agent",
        depth=depth if isinstance(depth, int) and 1 <= depth < 1000 else 1,
    )
