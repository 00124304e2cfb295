"""What a folder of transcripts used, without taking it in: only lines that tell of a reply are read, and only once.

What was read is noted beside the store, so that the next look reads what was added. If anything but that happened to
a file, everything is read again.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import orjson

from data.domain import prices
from data.domain.money import Tokens
from data.domain.transcript_lines import CostMode, Reply, parsed, replies, says_no_more
from data.domain.usage import Usage, table

LAYOUT = 1
"""Of the notes; others are not read."""
_MARK = b'"usage"'
"""Stands in every line that tells of a reply; in text within a line its quotes would be escaped."""
_Mark = tuple[int, int, int]
"""Size, time of change, and bytes that were read, of one file."""


@dataclass(frozen=True)
class Looked:
    """The table, and what was read for it."""

    usage: Usage
    files: int
    size: int
    read_bytes: int
    """Of that read this time."""


def look(folder: Path, notes: Path | None, *, zone: tzinfo, mode: CostMode, now_ms: int) -> Looked:
    """The usage of everything below a folder, counted as an import counts it; `notes` is the folder for notes."""
    found = dict(_files(os.fspath(folder)))
    asked = f"{zone}|{mode}|{hashlib.sha256(prices.TABLE.read_bytes()).hexdigest()[:16]}"
    note = None if notes is None else notes / hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:32]
    marks, tables = _noted(note)
    before = sum(mark[2] for mark in marks.values())
    stale = _stale(found, marks)
    if stale:
        marks, tables, before = {}, {}, 0
    size = sum(one[0] for one in found.values())
    changed = [path for path, mark in found.items() if marks.get(path, (0, 0, 0))[:2] != mark]
    if not changed and asked in tables:
        return Looked(Usage.of(tables[asked]), len(found), size, 0)
    known = {} if stale or not marks else _replies(note)
    if known is None:
        return look(folder, None, zone=zone, mode=mode, now_ms=now_ms)
    with _unswept():
        marks |= {path: (*found[path], _read(path, marks.get(path, (0, 0, 0))[2], known)) for path in changed}
    usage = table(known.values(), prices.book(), zone=zone, mode=mode, now_ms=now_ms)
    if note is not None:
        kept = {asked: usage.as_dict()} if changed else tables | {asked: usage.as_dict()}
        _write_down(note, marks, kept, known if changed else None)
    return Looked(usage, len(found), size, sum(mark[2] for mark in marks.values()) - before)


@contextlib.contextmanager
def _unswept() -> Iterator[None]:
    """Python's search for rings of objects takes a third of the time here, and nothing that is read forms one."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _files(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every transcript below a folder with its size and time of change."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.name.endswith(".jsonl") and entry.is_file():
                stat = entry.stat()
                yield entry.path, (stat.st_size, stat.st_mtime_ns)


def _stale(found: dict[str, tuple[int, int]], marks: dict[str, _Mark]) -> bool:
    """Whether a file is gone, was cut, or was changed in another way than by adding to it."""
    for path, (size, changed_ns, offset) in marks.items():
        now = found.get(path)
        if now is None or now[0] < offset or (now[0] == size and now[1] != changed_ns):
            return True
        if now[0] != size and offset and not _ends_a_line(path, offset):
            return True
    return False


def _ends_a_line(path: str, offset: int) -> bool:
    with Path(path).open("rb") as file:
        file.seek(offset - 1)
        return file.read(1) == b"\n"


def _read(path: str, offset: int, known: dict[tuple[str, str], Reply]) -> int:
    """Take in the replies from an offset on, the larger of two copies; gives the end of the last whole line."""
    with Path(path).open("rb") as file:
        file.seek(offset)
        raw = file.read()
    end = raw.rfind(b"\n") + 1
    begun = 0
    while (at := raw.find(_MARK, begun, end)) >= 0:
        start, begun = raw.rfind(b"\n", begun, at) + 1 or begun, raw.find(b"\n", at) + 1
        line = parsed(raw[start:begun])
        if line is None or says_no_more(line, known):
            continue
        for reply in replies(line, f"{path}:{offset + start}"):
            before = known.get(reply.key)
            if before is None or reply.larger_than(before):
                known[reply.key] = reply
    return offset + end


def _noted(note: Path | None) -> tuple[dict[str, _Mark], dict[str, Any]]:
    """What was noted last time; nothing if that cannot be read."""
    try:
        kept = orjson.loads(note.with_suffix(".files").read_bytes()) if note is not None else {}
        if kept.get("layout") == LAYOUT:
            return {path: (size, at, offset) for path, (size, at, offset) in kept["files"].items()}, kept["tables"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {}, {}


def _replies(note: Path | None) -> dict[tuple[str, str], Reply] | None:
    try:
        rows = orjson.loads(note.with_suffix(".replies").read_bytes()) if note is not None else []
        found = (Reply._make((*row[:4], Tokens(*row[4]), *row[5:])) for row in rows)
        return {reply.key: reply for reply in found}
    except (OSError, ValueError, TypeError):
        return None


def _write_down(
    note: Path, marks: dict[str, _Mark], tables: dict[str, Any], known: dict[tuple[str, str], Reply] | None
) -> None:
    """Note what was read; where nothing can be written the next look reads everything again."""
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        if known is not None:
            rows = [(*one[:4], tuple(one.tokens.as_dict().values()), *one[5:]) for one in known.values()]
            _put(note.with_suffix(".replies"), orjson.dumps(rows))
        _put(note.with_suffix(".files"), orjson.dumps({"layout": LAYOUT, "files": marks, "tables": tables}))
    except (OSError, orjson.JSONEncodeError):
        with contextlib.suppress(OSError):
            note.with_suffix(".files").unlink(missing_ok=True)


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, whoever else writes it."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_bytes(content)
    half.replace(path)
