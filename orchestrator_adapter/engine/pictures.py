"""Pictures of a working folder: how every file was before a step, and what is different after it.

A picture is one file on the disk, complete once it has its name: the contents of small text files, and for each file
its size, its times and the hash of its content. Of what git has, only the id is noted. A crash of the machine may tear
one, a crash of the process not; that is noticed, and then nothing is compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import zstandard

from data.domain import files as f
from data.domain.agents import FileChange
from orchestrator_adapter.engine import git_lists
from orchestrator_adapter.engine.git_lists import Clean

MOST_FILES = 20_000
"""Files that are looked at in one folder."""
MOST_READ = 8 << 20
"""Bytes of a file that is read; of a larger one only size and times are compared."""
MOST_PACKED = 32 << 20
"""Bytes of text that one picture keeps."""
PATIENCE_S = 2.0
"""How long taking a picture, or comparing with one, may go on reading."""
MOST_CHANGES = 500
SKIPPED = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".nox", ".mypy_cache"}
    | {".pytest_cache", ".ruff_cache", ".cache", ".gradle", ".terraform", ".next", ".eggs", "site-packages"}
)
"""Folders that no person wrote; where git is in charge its own rules hold instead."""
TOO_MUCH = -1
"""The place of a text for which the picture had no room."""
LINK = "a link"
OTHER_FORM = "git keeps it in another form"
_COARSE = 5
"""Linux's CLOCK_REALTIME_COARSE: the clock from which files get their times, up to 10 ms behind the exact one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One file as it was."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: str = ""
    """Of its content; `git:` and an id for what git has; empty if it was not read."""
    place: int | None = None
    """Where its content stands in the picture."""

    def same(self, now: os.stat_result) -> bool:
        then = (self.size, self.mtime_ns, self.ctime_ns, self.inode)
        return then == (now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino)


@dataclass(frozen=True)
class Difference:
    """One file that is not as it was; contents only where they are kept."""

    path: str
    change: FileChange
    before: bytes | None
    after: bytes | None
    before_size: int | None
    after_size: int | None
    withheld: str
    changed_ms: int | None


@dataclass(frozen=True)
class Compared:
    found: list[Difference]
    left_out: int
    looked_at: int
    note: str


@dataclass
class Listing:
    """The files of a folder as they are now."""

    by_git: bool
    files: dict[str, tuple[os.stat_result, Clean | None]] = field(default_factory=dict)
    note: str = ""
    """Why it is not the whole folder."""


def listing(folder: Path, skip: Path, deadline: float, most_files: int = MOST_FILES) -> Listing:
    """Everything in the folder but what lies below `skip`, if that is inside."""
    known = git_lists.listed(folder)
    found = Listing(known is not None)
    ours = f"{skip.relative_to(folder)}/" if folder != skip and skip.is_relative_to(folder) else "/"
    for path, now, clean in _of_git(folder, known) if known is not None else _walk(folder, ours):
        if len(found.files) >= most_files:
            found.note = f"Only the first {most_files:,} files were looked at."
            break
        if len(found.files) % 64 == 0 and time.monotonic() > deadline:
            found.note = f"Only the {len(found.files):,} files that could be looked at in {PATIENCE_S:.0f} s were."
            break
        if not path.startswith(ours):
            found.files[path] = (now, clean)
    return found


def _of_git(folder: Path, known: Mapping[str, Clean | None]) -> Iterator[tuple[str, os.stat_result, Clean | None]]:
    root = str(folder)
    for path, clean in known.items():
        if now := _stat(f"{root}/{path}"):
            same = clean and (clean.ctime_ns, clean.mtime_ns, clean.size) == (
                now.st_ctime_ns,
                now.st_mtime_ns,
                now.st_size,
            )
            yield path, now, clean if same else None


def _walk(folder: Path, ours: str) -> Iterator[tuple[str, os.stat_result, Clean | None]]:
    """Level by level, so that of a folder that is too large the upper part is seen."""
    waiting = deque([""])
    while waiting:
        prefix = waiting.popleft()
        try:
            entries = sorted(os.scandir(folder / prefix), key=lambda entry: entry.name)
        except OSError:
            continue
        if prefix and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in SKIPPED and (below := f"{prefix}{entry.name}/") != ours:
                        waiting.append(below)
                    continue
                now = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if _is_file(now):
                yield f"{prefix}{entry.name}", now, None


def _stat(path: str) -> os.stat_result | None:
    try:
        now = os.lstat(path)
    except (OSError, ValueError):
        return None
    return now if _is_file(now) else None


def _is_file(now: os.stat_result) -> bool:
    return stat.S_ISREG(now.st_mode) or stat.S_ISLNK(now.st_mode)


def content(path: str, now: os.stat_result) -> bytes | None:
    """What stands in the file, or where a link leads; None if it is too large or cannot be read."""
    try:
        if stat.S_ISLNK(now.st_mode):
            return os.fsencode(Path(path).readlink())
        if now.st_size > MOST_READ:
            return None
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            held = os.read(file, now.st_size + 1)
            while now.st_size < len(held) <= MOST_READ and (more := os.read(file, 1 << 20)):  # it grows meanwhile
                held += more
            return held
        finally:
            os.close(file)
    except OSError:
        return None


def file_clock() -> int:
    """Now, as a file that is written now will have it; never later."""
    return time.clock_gettime_ns(_COARSE) if sys.platform == "linux" else time.time_ns() - 50_000_000


def take(folder: Path, skip: Path, into: Path, most_files: int = MOST_FILES) -> None:
    """Take the picture of a folder and write it down; raises OSError."""
    deadline, taken_ns = time.monotonic() + PATIENCE_S, file_clock()
    now = listing(folder, skip, deadline, most_files)
    into.parent.mkdir(parents=True, exist_ok=True)
    fresh = into.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        seen, late = _pack(folder, now, file, deadline)
        about = {"taken_ns": taken_ns, "by_git": now.by_git, "note": now.note or late}
        index = zstandard.ZstdCompressor(level=1).compress(json.dumps([about, seen]).encode())
        file.write(index + len(index).to_bytes(8, "big"))
    fresh.replace(into)


def _pack(folder: Path, now: Listing, file: IO[bytes], deadline: float) -> tuple[dict[str, list[object]], str]:
    """Write the contents that are kept; how each file was, and a word if not all of them could be read."""
    seen: dict[str, list[object]] = {}
    root, packed, note = str(folder), 0, ""
    with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as pack:
        for number, (path, (at, clean)) in enumerate(now.files.items()):
            stamp = (at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino)
            if number % 64 == 0 and not note and time.monotonic() > deadline:
                note = f"The contents of only {number:,} files could be read in {PATIENCE_S:.0f} s."
            if clean is not None:
                seen[path] = [*stamp, f"git:{clean.oid}", None]
                continue
            held = None if note else content(f"{root}/{path}", at)
            if held is None:
                seen[path] = [*stamp, "", None]
                continue
            place = None
            if _packable(path, at, held):
                place = TOO_MUCH if packed + len(held) > MOST_PACKED else packed
            if place is not None and place != TOO_MUCH:
                packed += len(held)
                pack.write(held)
            seen[path] = [*stamp, hashlib.sha256(held).hexdigest(), place]
    return seen, note


def _packable(path: str, at: os.stat_result, held: bytes) -> bool:
    regular = stat.S_ISREG(at.st_mode) and len(held) <= f.MOST_KEPT
    return regular and b"\x00" not in held[:8192] and not f.withheld_by_name(path)


class Picture:
    """How a folder was; raises OSError or ValueError if the file is not one."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        size = int.from_bytes(raw[-8:], "big")
        if not 0 < size <= len(raw) - 8:
            raise ValueError(f"{path} is not a picture of a folder")
        try:
            about, seen = json.loads(zstandard.ZstdDecompressor().decompress(raw[-8 - size : -8]))
        except zstandard.ZstdError as broken:
            raise ValueError(f"{path} is not a picture of a folder") from broken
        self.taken_ns, self.by_git, self.note = int(about["taken_ns"]), bool(about["by_git"]), str(about["note"])
        self.seen = {name: Seen(*values) for name, values in seen.items()}
        self._packed = raw[: -8 - size]
        self._text: bytes | None = None

    def kept(self, path: str) -> bytes | None:
        """The content that the picture itself holds."""
        seen = self.seen[path]
        if seen.place is None or seen.place == TOO_MUCH:
            return None
        if self._text is None:
            with zstandard.ZstdDecompressor().stream_reader(self._packed, read_across_frames=True) as reader:
                self._text = reader.read()
        return self._text[seen.place : seen.place + seen.size]


def compare(picture: Picture, folder: Path, skip: Path, most_files: int = MOST_FILES) -> Compared:
    """What is different in the folder from the picture, and from files that are there now."""
    deadline = time.monotonic() + PATIENCE_S
    now = listing(folder, skip, deadline, most_files)
    unsure = bool(picture.note) or picture.by_git != now.by_git
    changed = _changed(picture, folder, now)
    listed = [path for path, _ in changed[:MOST_CHANGES]]
    oids = {path: seen.digest[4:] for path in listed if (seen := picture.seen.get(path)) and seen.digest[:4] == "git:"}
    had = git_lists.contents(folder, oids.values(), f.MOST_KEPT)
    found: list[Difference] = []
    for path, at in changed[:MOST_CHANGES]:
        if unsure and path not in picture.seen and at and at.st_ctime_ns < picture.taken_ns:
            continue  # it was there before, only nobody looked at it then
        if difference := _difference(picture, folder, path, at, had.get(oids.get(path, ""))):
            found.append(difference)
    return Compared(found, len(changed) - len(listed), len(now.files), picture.note or now.note)


def _changed(picture: Picture, folder: Path, now: Listing) -> list[tuple[str, os.stat_result | None]]:
    """Files whose size or times are others, with how they are now; None for one that is gone."""
    out: list[tuple[str, os.stat_result | None]] = []
    for path, seen in picture.seen.items():
        known = now.files.get(path)
        at = known[0] if known else _stat(f"{folder}/{path}")
        if at is None or not seen.same(at):
            out.append((path, at))
    if not picture.note.startswith("Only"):  # else it cannot be told what was there before
        out += [(path, at) for path, (at, _) in now.files.items() if path not in picture.seen]
    return sorted(out, key=lambda one: one[0])


def _difference(
    picture: Picture, folder: Path, path: str, at: os.stat_result | None, in_git: bytes | None
) -> Difference | None:
    """None if only the times differ."""
    seen = picture.seen.get(path)
    after = None if at is None else content(f"{folder}/{path}", at)
    if seen is not None and after is not None and _digest(after, seen.digest) == seen.digest:
        return None
    before, withheld = _before(picture, path, in_git)
    change = FileChange.CREATED if seen is None else FileChange.DELETED if at is None else FileChange.MODIFIED
    if at is not None and stat.S_ISLNK(at.st_mode):
        withheld = withheld or LINK
    elif at is not None:
        withheld = withheld or (f.HUGE if after is None else f.withheld_by_content(after))
    withheld = f.withheld_by_name(path) or withheld
    sizes = (None if seen is None else seen.size, None if at is None else at.st_size)
    changed_ms = None if at is None else at.st_ctime_ns // 1_000_000
    kept = (None, None) if withheld else (before, after)
    return Difference(path, change, *kept, *sizes, withheld, changed_ms)


def _digest(held: bytes, like: str) -> str:
    """The digest of a content, of the same kind as another one."""
    if not like.startswith("git:"):
        return hashlib.sha256(held).hexdigest()
    make = hashlib.sha1 if len(like) == 44 else hashlib.sha256
    return "git:" + make(b"blob %d\x00" % len(held) + held, usedforsecurity=False).hexdigest()


def _before(picture: Picture, path: str, in_git: bytes | None) -> tuple[bytes | None, str]:
    """The content before the change, or why it is not known."""
    seen = picture.seen.get(path)
    if seen is None:
        return None, ""
    held = picture.kept(path) if in_git is None else in_git
    if held is None:
        return None, f.HUGE if seen.size > f.MOST_KEPT else _unpacked(seen)
    if len(held) != seen.size:
        return None, OTHER_FORM
    return held, f.withheld_by_content(held)


def _unpacked(seen: Seen) -> str:
    """Why a small file is not in the picture."""
    return f.BINARY if seen.place is None and seen.digest and not seen.digest.startswith("git:") else f.FULL
