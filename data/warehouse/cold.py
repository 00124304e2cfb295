"""Months that are over long ago, written down for good: compressed lines of JSON with checksums, a file for each noun.

They need nothing of Quarterdeck to be read. Nothing is taken away for them: the store keeps everything, and questions
are answered from Parquet.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import zstandard

from data.domain.errors import ArchiveDamaged, InvalidField
from data.warehouse import queries
from data.warehouse.tiers import after, digest, months, synced
from data.warehouse.warehouse import Reader

COLD = timedelta(days=365)
"""A month (UTC) is written down when all of it is older than this."""
NOUNS = ("tasks", "agents", "replies", "tool_calls")
LEVEL = 6
STRETCH = 20_000
_MONTH = re.compile(r"\d{4}-\d\d")
_SQL = queries.named("cold")


@dataclass(frozen=True)
class Part:
    """One file."""

    noun: str
    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Month:
    """One month: `2025-01`."""

    month: str
    print: str
    """Of its rows: another one means that they have changed since."""
    parts: tuple[Part, ...]


def write(reader: Reader, folder: Path, now: datetime) -> list[str]:
    """Write down every month that is old enough and not there, or not as it is now; which those were.

    Killed at any moment, a month is there whole, as before, or not at all. Raises OSError.
    """
    given = {"before": int(months(now - COLD).timestamp() * 1000)}
    written = []
    known = {one.month: one for one in kept(folder)}
    for (begin_ms,) in reader.cursor.execute(_SQL["months"], given).fetchall():
        begin = datetime.fromtimestamp(begin_ms / 1000, UTC)
        between = {"begin": begin_ms, "end": int(after(begin).timestamp() * 1000)}
        name, seen = f"{begin:%Y-%m}", _print(reader, between)
        was = known.get(name)
        if was is not None and was.print == seen and all((folder / part.file).exists() for part in was.parts):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        parts = tuple(_part(reader, folder, name, noun, between) for noun in NOUNS)
        _put(folder / f"{name}.json", orjson.dumps(asdict(Month(name, seen, parts)), option=orjson.OPT_INDENT_2))
        for path in set(folder.glob(f"{name}-*")) - {folder / part.file for part in parts}:
            path.unlink(missing_ok=True)
        written.append(name)
    return written


def _print(reader: Reader, between: dict[str, int]) -> str:
    sums = []
    for noun in NOUNS:
        count = f"select count(*), coalesce(sum(hash(r)::hugeint), 0)::varchar from ({_SQL[noun]}) as r"
        sums.append("{}:{}".format(*(reader.cursor.execute(count, between).fetchone() or ())))
    return hashlib.sha256(" ".join(sums).encode()).hexdigest()


def _part(reader: Reader, folder: Path, month: str, noun: str, between: dict[str, int]) -> Part:
    half = folder / f".{month}-{noun}-{os.getpid()}"
    rows = 0
    try:
        found = reader.cursor.execute(_SQL[noun], between)
        columns = [column[0] for column in found.description or ()]
        with half.open("wb") as file, zstandard.ZstdCompressor(LEVEL, write_checksum=True).stream_writer(file) as out:
            while some := found.fetchmany(STRETCH):
                rows += len(some)
                out.write(b"".join(orjson.dumps(dict(zip(columns, row, strict=True))) + b"\n" for row in some))
        synced(half)
        sha256 = digest(half)
        path = folder / f"{month}-{noun}-{sha256[:12]}.jsonl.zst"
        half.replace(path)
        return Part(noun, path.name, rows, path.stat().st_size, sha256)
    finally:
        half.unlink(missing_ok=True)


def _put(path: Path, content: bytes) -> None:
    half = path.with_name(f".{path.name}-{os.getpid()}")
    half.write_bytes(content)
    synced(half)
    half.replace(path)
    synced(path.parent)


def kept(folder: Path) -> list[Month]:
    """The months that are written down, the oldest first; without one whose list cannot be read."""
    out = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found = orjson.loads(path.read_bytes())
            out.append(Month(found["month"], found["print"], tuple(Part(**part) for part in found["parts"])))
    return out


def lines(folder: Path, month: str, noun: str) -> Iterator[dict[str, Any]]:
    """The rows of a month as they were written. Raises InvalidField, ArchiveDamaged."""
    if not _MONTH.fullmatch(month):
        raise InvalidField(f"month must be like 2025-01, not {month[:40]!r}.", field="month")
    found = [part for one in kept(folder) if one.month == month for part in one.parts if part.noun == noun]
    if not found:
        raise InvalidField(f"No {noun} of {month} are archived.", field="month")
    path = folder / found[0].file
    if (why := _wrong(path, found[0])) is not None:
        raise ArchiveDamaged(why, file=found[0].file)
    return _read(path)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as content:
        rest = b""
        while some := content.read(1 << 20):
            *whole, rest = (rest + some).split(b"\n")
            for line in whole:
                yield orjson.loads(line)


def damaged(folder: Path) -> list[str]:
    """What is wrong with files that are listed, a sentence for each; their checksums are read."""
    found = [(folder / part.file, part) for one in kept(folder) for part in one.parts]
    return [why for path, part in found if (why := _wrong(path, part)) is not None]


def _wrong(path: Path, part: Part) -> str | None:
    try:
        return None if digest(path) == part.sha256 else f"{part.file} is not what was written."
    except OSError as error:
        return f"{part.file} cannot be read: {error.strerror}."
