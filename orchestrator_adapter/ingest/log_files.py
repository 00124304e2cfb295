"""The four files of an agent's log, read tolerantly: in pages or as a stream, never whole; a broken line is a value.

Ours and the existing orchestrator's have the same names and differ inside; `log_dialects` says what their lines mean.
Files may grow while they are read, end in the middle of a line, hold zero bytes after a power cut, or be hundreds of
megabytes long.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

NAMES = ("prompt.txt", "text.txt", "tools.jsonl", "summary.jsonl")
"""The four files of an agent's log folder: no other name is ever opened."""
MOST_LINE = 16 * 1024 * 1024
"""A longer line is not read as JSON: its beginning stands for it."""
HEAD = 64 * 1024
"""So much is kept of a line that is too long."""
PAGE = 64 * 1024
"""Bytes of a file that make one page; a line belongs to the page in which it begins."""
_CHUNK = 1024 * 1024
_START = b'{"timestamp"'
"""How each line of both dialects begins: where it stands inside a line, another one broke off before it."""


@dataclass(frozen=True)
class Line:
    """One line of a file: what it says, or why it says nothing."""

    offset: int
    """Where it begins, in bytes."""
    raw: bytes
    """Without its line break; of a line that is too long the beginning."""
    end: int
    """Where the next one begins."""
    value: dict[str, Any] | None = None
    """None: it is broken, or its file is no JSONL."""
    why: str | None = None
    """Why it is broken."""
    torn: bool = False
    """Whether the file ends in the middle of it: the rest may still come."""

    @property
    def text(self) -> str:
        return decoded(self.raw)


def decoded(raw: bytes) -> str:
    """Text that was written as UTF-8, or, by a program that left it to its machine, in the encoding of the West."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


@contextlib.contextmanager
def opened(folder: Path, name: str) -> Iterator[BinaryIO | None]:
    """A file of a log folder for reading; None if it is not there, or is no plain file of that very folder."""
    file = open_plain(folder, name)
    if file is None:
        yield None
        return
    with file:
        yield file


def open_plain(folder: Path, name: str) -> BinaryIO | None:
    """The same, to be closed by whoever asked."""
    if name not in NAMES:
        return None
    # neither a link that leads elsewhere, nor a pipe that would be waited for
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(folder / name, flags)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def size_of(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def changed(file: BinaryIO) -> float:
    """When it was written last, in seconds since 1970."""
    return os.fstat(file.fileno()).st_mtime


def parsed(raw: bytes) -> tuple[dict[str, Any] | None, str | None]:
    """A line of JSONL as an object, or why it is none."""
    if not raw.strip():
        return None, "it is empty"
    if b"\x00" in raw:
        return None, f"it holds {raw.count(0):,} zero bytes, as files do after a power cut"
    try:
        value = json.loads(decoded(raw))  # faster readers take no NaN, no half surrogate pair and no long number
    except json.JSONDecodeError as error:
        return None, f"it is no JSON from character {error.pos + 1:,} on: {error.msg}"
    except (ValueError, RecursionError) as error:
        return None, f"it is no JSON: {error}"
    if not isinstance(value, dict):
        return None, "it is JSON, but no object"
    return value, None


def lines(
    file: BinaryIO, start: int = 0, until: int | None = None, *, jsonl: bool = True, most: int = MOST_LINE
) -> Iterator[Line]:
    """The lines that begin in this stretch of the file, one after the other."""
    file.seek(start)
    offset = start
    while until is None or offset < until:
        raw = file.readline(most)
        if not raw:
            return
        too_long = len(raw) == most and not raw.endswith(b"\n")
        line = _too_long(file, offset, raw) if too_long else _one(offset, raw, jsonl)
        yield from _parted(line)
        offset = line.end


def _one(offset: int, raw: bytes, jsonl: bool) -> Line:
    end = offset + len(raw)
    torn, raw = not raw.endswith(b"\n"), raw.rstrip(b"\r\n")
    if not jsonl:
        return Line(offset, raw, end, torn=torn)
    value, why = parsed(raw)
    if torn and value is None:
        return Line(offset, raw, end, why="it is half-written: the file ends in it", torn=True)
    return Line(offset, raw, end, value, why)


def _too_long(file: BinaryIO, offset: int, raw: bytes) -> Line:
    end, most, last = offset + len(raw), len(raw), raw
    while last and not last.endswith(b"\n"):
        last = file.readline(_CHUNK)
        end += len(last)
    why = f"it is {end - offset:,} bytes long; lines are read up to {most:,}"
    return Line(offset, raw[:HEAD], end, why=why, torn=not last)


def _parted(line: Line) -> Iterator[Line]:
    """A line that broke off, and the whole one that was written right behind it."""
    at = line.raw.rfind(_START) if line.why and not line.torn else -1
    value = parsed(line.raw[at:])[0] if at > 0 else None
    if value is None:
        yield line
        return
    middle = line.offset + at
    yield Line(line.offset, line.raw[:at], middle, why="it is half-written: the next line begins in it")
    yield Line(middle, line.raw[at:], line.end, value)


# Pages


@dataclass(frozen=True)
class Page:
    """One page of a file; page 1 is its beginning."""

    number: int
    pages: int
    size: int
    first: int
    """Number of the first line on it, counted from 1."""
    lines: list[Line]

    @property
    def broken(self) -> list[Line]:
        return [line for line in self.lines if line.why]


def pages(size: int, length: int = PAGE) -> int:
    return max(1, -(-size // length))


def page(file: BinaryIO, number: int | None = None, *, jsonl: bool = True, length: int = PAGE) -> Page:
    """A page of the file, by itself the last one; a number beyond the end is the last one, too."""
    size = size_of(file)
    count = pages(size, length)
    number = count if number is None else min(max(1, number), count)
    start, until = (number - 1) * length, min(number * length, size)
    begins = _next_line(file, start, until)
    found = [] if begins is None else list(lines(file, begins, until, jsonl=jsonl))
    return Page(number, count, size, _breaks(file, start) + 1 + int(begins != start), found)


def _next_line(file: BinaryIO, start: int, until: int) -> int | None:
    """Where the first line begins that begins in the stretch; None if it lies within one long line."""
    if start == 0:
        return 0
    file.seek(start - 1)
    offset = start - 1
    while offset < until:
        part = file.readline(min(_CHUNK, until - offset))
        offset += len(part)
        if part.endswith(b"\n"):
            return offset if offset < until else None
        if not part:
            return None
    return None


def _breaks(file: BinaryIO, until: int) -> int:
    file.seek(0)
    count, left = 0, until
    while left > 0 and (part := file.read(min(_CHUNK, left))):
        count += part.count(b"\n")
        left -= len(part)
    return count


@dataclass(frozen=True)
class Found:
    """A line that holds a text: where it is, and what stands around the text."""

    number: int
    page: int
    excerpt: str


MOST_FOUND = 200
_AROUND = 80


def search(file: BinaryIO, text: str) -> tuple[list[Found], bool]:
    """Lines that hold the text, in any case, and whether there are more than are given.

    Both dialects may write a letter beyond ASCII as it is or as an escape, so both are looked for.
    """
    if not text.strip():
        return [], False
    spelled = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    ways = {way.encode("utf-8", "replace").lower() for way in spelled}
    found: list[Found] = []
    for number, (offset, raw) in enumerate(_plain_lines(file), 1):
        low = raw.lower()
        at = next((place for way in ways if (place := low.find(way)) >= 0), -1)
        if at >= 0 and len(found) == MOST_FOUND:
            return found, True
        if at >= 0:
            found.append(Found(number, offset // PAGE + 1, _excerpt(raw, at, at + len(text))))
    return found, False


def _excerpt(raw: bytes, start: int, end: int) -> str:
    around = raw[max(0, start - _AROUND) : end + _AROUND].decode("utf-8", "ignore").strip()
    return f"{'…' if start > _AROUND else ''}{around}{'…' if end + _AROUND < len(raw) else ''}"


def _plain_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Where each line begins, and the line; of one that is too long only the first so many bytes are looked through."""
    file.seek(0)
    offset = 0
    while raw := file.readline(MOST_LINE):
        yield offset, raw
        offset += len(raw)
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(_CHUNK)
            offset += len(raw)
