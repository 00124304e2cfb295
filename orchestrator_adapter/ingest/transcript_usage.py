"""What a folder of transcripts used, without taking it in: only lines that tell of a reply are read, and only once.

What was read is noted beside the store, so that the next look reads what was added. If anything but that happened to
a file, everything is read again.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from data.domain.money import PRICES
from data.domain.transcript_lines import CostMode, Row, larger, parsed, rows, says_no_more
from data.domain.usage import Usage

LAYOUT = 2
"""Of the notes; others are not read."""
_MARK = b'"usage"'
"""Stands in every line that tells of a reply; in text within a line its quotes would be escaped."""
_USER, _HEAD = b'"type":"user"', 320
"""What a line of a person or a tool says within its first bytes; the results of tools are most of a transcript."""
_ASKED, _MESSAGE, _BLOCK = b',"requestId":"', b'"id":"msg_', b',"apiBlockIndex":'
WORTH_SHARING = 16_000_000
"""Bytes below which another process costs more than it saves."""
BESIDES = 32_000_000
"""Bytes that could be read in the time that the first process takes for everything but reading."""
_Known = dict[tuple[str, str], Row]
_Wanted = tuple[str, int, int]
"""Path of a file, where to begin, and its size."""
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


def look(
    folder: Path,
    notes: Path | None,
    *,
    zone: tzinfo,
    mode: CostMode,
    now_ms: int,
    surcharge: bool = False,
    cores: int = 0,
) -> Looked:
    """The usage of everything below a folder, counted as an import counts it; `notes` is the folder for notes.

    `cores`: processes that share the work; 0 for as many as there are cores.
    """
    found = dict(_files(os.fspath(folder)))
    asked = f"{zone}|{mode}|{surcharge}|{hashlib.sha256(PRICES.read_bytes()).hexdigest()[:16]}"
    note = None if notes is None else notes / hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:32]
    marks, tables, digest = _noted(note)
    before = sum(mark[2] for mark in marks.values())
    stale = _stale(found, marks)
    size = sum(one[0] for one in found.values())
    changed = [path for path, mark in found.items() if marks.get(path, (0, 0, 0))[:2] != mark]
    if not (changed or stale) and asked in tables:
        return Looked(Usage.of(tables[asked]), len(found), size, 0)
    known = None if stale else _replies(note, digest) if marks else {}
    if known is None:
        known, marks, tables, before, changed = {}, {}, {}, 0, list(found)
    with _unswept():
        wanted = [(path, marks.get(path, (0, 0, 0))[2], found[path][0]) for path in changed]
        ends, packed = _gathered(wanted, known, cores)
    marks |= {path: (*found[path], end) for path, end in ends.items()}
    from data.domain import prices, transcript_costs  # loaded already, while other processes read

    book, replies = prices.book(), known.values()
    usage = transcript_costs.table(replies, book, zone=zone, mode=mode, now_ms=now_ms, surcharge=surcharge)
    if note is not None:
        kept = {asked: usage.as_dict()} if changed else tables | {asked: usage.as_dict()}
        _write_down(note, marks, kept, b"\n".join(packed) if changed else None, digest)
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


def _gathered(wanted: list[_Wanted], known: _Known, cores: int) -> tuple[dict[str, int], list[bytes]]:
    """Take in the replies of these files; gives where the reading of each ended, and all replies as they are noted.

    Much is shared among the cores; not in a process with threads, for its copies could hang on what those hold.
    """
    shares = _shares(wanted, cores or os.cpu_count() or 1)
    if len(shares) < 2 or threading.active_count() > 1 or not hasattr(os, "fork"):
        ends = _taken(wanted, known)
        return ends, [_packed(known)]
    others = [_aside(share) for share in shares[1:]]
    importlib.import_module("data.domain.transcript_costs")
    ends = _taken(shares[0], known)
    packed = [_packed(known)]  # while the others are still at it
    for other, share in zip(others, shares[1:], strict=True):
        answer = other.read()
        if answer is None:  # that process was killed
            ends |= _taken(share, known)
            packed = [_packed(known)]
            continue
        places, replies = answer.split(b"\n", 1)
        ends |= orjson.loads(places)
        packed.append(replies)
        _keep_all(replies, known)
    return ends, packed


class _Other:
    """A process that reads a share; what it found comes back through a pipe."""

    def __init__(self, pid: int, pipe: BinaryIO) -> None:
        self._pid, self._pipe = pid, pipe

    def read(self) -> bytes | None:
        with self._pipe:
            answer = self._pipe.read()
        _, status = os.waitpid(self._pid, 0)
        return answer if status == 0 else None


def _aside(wanted: list[_Wanted]) -> _Other:
    """Begin to read a share beside this process; a bare copy of it begins in a tenth of a pool's time."""
    out, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(into)
        return _Other(pid, os.fdopen(out, "rb"))
    failed = 1
    try:
        known: _Known = {}
        ends = _taken(wanted, known)
        with os.fdopen(into, "wb") as pipe:
            pipe.write(orjson.dumps(ends) + b"\n" + _packed(known))
        failed = 0
    finally:
        os._exit(failed)


def _shares(wanted: list[_Wanted], cores: int) -> list[list[_Wanted]]:
    """The files in their order, in parts that take about the same time; one part if it is little."""
    total = sum(size - offset for _, offset, size in wanted) + BESIDES
    most = max(total / cores, WORTH_SHARING + BESIDES)
    out: list[list[_Wanted]] = [[]]
    held = BESIDES
    for one in wanted:
        if held >= most and len(out) < cores:
            out.append([])
            held = 0
        out[-1].append(one)
        held += one[2] - one[1]
    return out


def _taken(wanted: list[_Wanted], known: _Known) -> dict[str, int]:
    return {path: _read(path, offset, known) for path, offset, _ in wanted}


def _packed(known: _Known) -> bytes:
    return orjson.dumps(list(known.values()))


def _keep_all(packed: bytes, known: _Known) -> None:
    found: list[Row] = orjson.loads(packed)
    for row in found:
        _keep(row, known)


def _keep(row: Row, known: _Known) -> None:
    before = known.get(key := (row[0], row[1]))
    if before is None or larger(row, before):
        known[key] = row


def _read(path: str, offset: int, known: _Known) -> int:
    """Take in the replies from an offset on, the larger of two copies; gives the end of the last whole line."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  a Path for each of thousands of files is dear
        if offset:
            file.seek(offset)
        raw = file.read()
    find, end = raw.find, raw.rfind(b"\n") + 1
    start, last = 0, None
    while start < end:
        begun, start = start, find(b"\n", start) + 1
        said = find(_USER, begun, begun + _HEAD)
        if said > 0 and find(b"{", begun + 1, said) < 0:  # it stands in the line itself, so nothing else is asked
            continue
        at = find(_MARK, begun, start)
        if at < 0 or (last is not None and _repeats(raw, begun, at, start, last)):
            continue
        last = _signed(raw, begun, at, start)
        line = parsed(raw[begun:start])
        if line is None or says_no_more(line, known):
            continue
        for row in rows(line, f"{path}:{offset + begun}"):
            _keep(row, known)
    return offset + end


_Signed = tuple[bytes, bytes, bytes]


def _signed(raw: bytes, start: int, usage: int, end: int) -> _Signed | None:
    """Message, usage and request of a line by their bytes; a line with those of the one before tells of the same reply.

    None for a line that is not laid out as Claude Code does it; it is parsed like any other.
    """
    asked, message = raw.find(_ASKED, usage, end), raw.find(_MESSAGE, start, usage)
    if asked < 0 or message < 0:
        return None
    used = raw[usage:asked].partition(_BLOCK)[0]
    return raw[message : raw.find(b'",', message, usage) + 1], used, raw[asked : raw.find(b'",', asked + 1, end) + 1]


def _repeats(raw: bytes, start: int, usage: int, end: int, signed: _Signed) -> bool:
    """Whether a line has this message, usage and request; only the number of its block may be another."""
    message, used, asked = signed
    if not raw.startswith(used, usage):
        return False
    at = raw.find(_ASKED, behind := usage + len(used), end)
    if not raw.startswith(asked, at) or not (at == behind or raw.startswith(_BLOCK, behind)):
        return False
    return raw.startswith(message, raw.find(_MESSAGE, start, usage))


def _noted(note: Path | None) -> tuple[dict[str, _Mark], dict[str, Any], str]:
    """What was noted last time, and the digest of its replies; nothing if that cannot be read."""
    try:
        kept = orjson.loads(note.with_suffix(".files").read_bytes()) if note is not None else {}
        if kept.get("layout") == LAYOUT:
            marks = {path: (size, at, offset) for path, (size, at, offset) in kept["files"].items()}
            return marks, kept["tables"], kept["replies"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {}, {}, ""


def _replies(note: Path | None, digest: str) -> _Known | None:
    """None if they are not those of the notes, as when two looks wrote at once, each a part."""
    try:
        noted = note.with_suffix(".replies").read_bytes() if note is not None else b"[]"
        if _digest(noted) != digest:
            return None
        known: _Known = {}
        for packed in noted.split(b"\n"):
            _keep_all(packed, known)
        return known
    except (OSError, ValueError, TypeError):
        return None


def _digest(replies: bytes) -> str:
    return hashlib.sha256(replies).hexdigest()


def _write_down(
    note: Path, marks: dict[str, _Mark], tables: dict[str, Any], replies: bytes | None, digest: str
) -> None:
    """Note what was read, `replies` if there are other ones than those of this digest.

    Where nothing can be written the next look reads everything again.
    """
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        if replies is not None:
            _put(note.with_suffix(".replies"), replies)
            digest = _digest(replies)
        noted = {"layout": LAYOUT, "files": marks, "tables": tables, "replies": digest}
        _put(note.with_suffix(".files"), orjson.dumps(noted))
    except (OSError, orjson.JSONEncodeError):
        with contextlib.suppress(OSError):
            note.with_suffix(".files").unlink(missing_ok=True)


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, whoever else writes it."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_bytes(content)
    half.replace(path)
