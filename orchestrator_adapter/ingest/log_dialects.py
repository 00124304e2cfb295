"""What the lines of log files mean, in our dialect and in the existing orchestrator's.

Theirs has times without an offset (of the machine that wrote them), tool answers cut at 2,000 characters or written as
Python writes a list, `null` for "no error", and figures that run on through a session.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, BinaryIO

from data.domain.money import Tokens
from orchestrator_adapter.ingest.log_files import Line, decoded, lines

Plain = Mapping[str, Any]
CUT = re.compile(r"\.\.\. \(truncated (\d{1,18}) chars\)\Z")
REPR_CUT = 2000
"""Their answers that are no plain text end here without a mark."""
_HEADING = re.compile(rb"\[(\d{4}-\d\d-\d\d[T ][0-9:.+Z-]{5,30})\] (AssistantMessage|UserMessage|THINKING):\s*\Z")
_MODEL = re.compile(r"'model': '([^']{1,100})'")
_SESSION = re.compile(r"'session_id': '([^']{1,80})'")
_CWD = re.compile(r"'cwd': '((?:[^'\\]|\\.)*)'")


class Clock:
    """Times as they follow one another in a file; without an offset they are those of the zone."""

    def __init__(self, zone: tzinfo | None, begins: datetime) -> None:
        """`zone` None: that of this machine; `begins` stands for a time that cannot be read."""
        self._zone = zone
        self.now = begins.astimezone(UTC)

    def read(self, stamp: object) -> datetime:
        """The time in UTC; what cannot be read is as late as what came before it."""
        try:
            told = datetime.fromisoformat(str(stamp))
            self.now = self._local(told) if told.tzinfo is None else told.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            pass
        return self.now

    def _local(self, told: datetime) -> datetime:
        """The hour that comes twice when clocks are set back is told apart by what came before it."""
        first, second = (self._zoned(told.replace(fold=fold)) for fold in (0, 1))
        return second if first < self.now <= second else first

    def _zoned(self, told: datetime) -> datetime:
        return (told.astimezone() if self._zone is None else told.replace(tzinfo=self._zone)).astimezone(UTC)


@dataclass(frozen=True)
class Piece:
    """A piece of a log file: when it was written, and where it stands, in bytes."""

    name: str
    at: datetime
    start: int
    end: int


Where = tuple[str, datetime, int, int]


@dataclass(frozen=True)
class Broken(Piece):
    """A line that says nothing."""

    number: int
    why: str


@dataclass(frozen=True)
class Block(Piece):
    """Something the agent wrote or thought."""

    kind: str
    text: str


@dataclass(frozen=True)
class Use(Piece):
    """A tool was called."""

    key: str
    tool: str
    given: Plain
    parent: str = ""
    """Of a sub-agent: the call that started it."""


@dataclass(frozen=True)
class Result(Piece):
    """A tool answered."""

    key: str
    text: str
    is_error: bool
    cut: bool = False
    """Whether the log holds only its beginning."""
    detail: Plain = field(default_factory=dict)


@dataclass(frozen=True)
class Begun(Piece):
    """The process was ready; what it said of itself."""

    model: str = ""
    session: str = ""
    folder: str = ""


@dataclass(frozen=True)
class Total(Piece):
    """A turn ended; the figures run on through the session."""

    session: str
    is_error: bool
    result: str
    total_usd: float | None
    tokens: Tokens | None


@dataclass(frozen=True)
class Ended(Piece):
    """The agent ended, by our own dialect."""

    ok: bool
    error: str


@dataclass(frozen=True)
class Other(Piece):
    """A line of a kind that is not known here."""

    kind: str


def answer(content: object) -> tuple[str, bool]:
    """What a tool answered as text, and whether only its beginning is there."""
    if isinstance(content, list):
        return _blocks(content), False
    text = "" if content is None else content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    if CUT.search(text):
        return text, True
    if text.startswith(("[{'", '[{"')):
        try:
            return _blocks(ast.literal_eval(text)), False
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text, len(text) == REPR_CUT
    return text, False


def _blocks(content: object) -> str:
    if isinstance(content, list) and all(isinstance(b, Mapping) and b.get("type") == "text" for b in content):
        return "\n".join(str(block.get("text", "")) for block in content)
    return json.dumps(content, ensure_ascii=False, default=str)


def tools(file: BinaryIO, clock: Clock) -> Iterator[Piece]:
    """`tools.jsonl`, piece by piece."""
    for number, line in enumerate(lines(file), 1):
        if line.torn and line.value is None:
            return
        where = ("tools.jsonl", clock.read((line.value or {}).get("timestamp")), line.offset, line.end)
        yield _tool(where, number, line)


def _tool(where: Where, number: int, line: Line) -> Piece:
    value = line.value
    if value is None:
        return Broken(*where, number, line.why or "")
    key = str(value.get("tool_use_id") or f"line-{number}")
    match value.get("type"):
        case "tool_use":
            given = value.get("input")
            plain = given if isinstance(given, Mapping) else {"input": given}
            return Use(
                *where, key, str(value.get("tool_name") or "?"), plain, str(value.get("parent_tool_use_id") or "")
            )
        case "tool_result":
            text, cut = answer(value.get("content"))
            detail = value.get("detail")
            failed = value.get("is_error") is True  # null means that there was no error
            return Result(*where, key, text, failed, cut, detail if isinstance(detail, Mapping) else {})
        case kind:
            return Other(*where, str(kind))


def texts(file: BinaryIO, clock: Clock) -> Iterator[Piece]:
    """`text.txt`, block by block; a heading counts only behind an empty line, and the last block once it has ended."""
    heading: tuple[datetime, str] | None = None
    held: list[Line] = []
    blank = True
    for line in lines(file, jsonl=False):
        found = _HEADING.match(line.raw) if blank else None
        if found and held:
            yield _block(heading, held, clock)
            held = []
        if found:
            heading = (clock.read(found[1].decode()), found[2].decode())
        held.append(line)
        blank = not line.raw and not line.torn
    if held and blank:
        yield _block(heading, held, clock)


def _block(heading: tuple[datetime, str] | None, held: list[Line], clock: Clock) -> Piece:
    at, kind = heading or (clock.now, "")
    text = decoded(b"\n".join(line.raw for line in held[int(heading is not None) :])).strip("\n")
    return Block("text.txt", at, held[0].offset, held[-1].end, kind, text)


def summary(file: BinaryIO, clock: Clock) -> Iterator[Piece]:
    """`summary.jsonl`, piece by piece."""
    for number, line in enumerate(lines(file), 1):
        if line.torn and line.value is None:
            return
        where = ("summary.jsonl", clock.read((line.value or {}).get("timestamp")), line.offset, line.end)
        yield Broken(*where, number, line.why or "") if line.value is None else _told(where, line.value)


def _told(where: Where, value: Plain) -> Piece:
    match value.get("type"):
        case "Started":
            return Begun(*where, str(value.get("model") or ""), "", str(value.get("working_directory") or ""))
        case "SystemMessage" if value.get("subtype") == "init":
            return _begun(where, value)
        case "ResultMessage":
            return _total(where, value)
        case "Ended":
            return Ended(*where, bool(value.get("ok")), str(value.get("error") or ""))
        case kind:
            return Other(*where, str(kind))


def _begun(where: Where, value: Plain) -> Piece:
    """Theirs is written as Python writes an object, so it is looked through and not read."""
    data, words = value.get("data"), str(value.get("message") or "")
    if isinstance(data, Mapping):
        inner = data.get("data")
        told = inner if isinstance(inner, Mapping) else data
        return Begun(*where, *(str(told.get(name) or "") for name in ("model", "session_id", "cwd")))
    found = [pattern.search(words) for pattern in (_MODEL, _SESSION, _CWD)]
    return Begun(*where, *(hit[1] if hit else "" for hit in found))


def _total(where: Where, value: Plain) -> Piece:
    usd, usage = value.get("total_cost_usd"), value.get("usage")
    told = isinstance(usd, int | float) and not isinstance(usd, bool) and 0 <= usd < 1_000_000
    return Total(
        *where,
        str(value.get("session_id") or ""),
        value.get("is_error") is True,
        str(value.get("result") or ""),
        float(usd) if told and usd is not None else None,
        tokens_of(usage) if isinstance(usage, Mapping) else None,
    )


def tokens_of(usage: Plain) -> Tokens:
    """The five kinds; cache writes that are not told apart count as five-minute ones."""
    split = usage.get("cache_creation")
    parts = split if isinstance(split, Mapping) else {}
    hour, five = _count(parts, "ephemeral_1h_input_tokens"), _count(parts, "ephemeral_5m_input_tokens")
    return Tokens(
        input=_count(usage, "input_tokens"),
        output=_count(usage, "output_tokens"),
        cache_read=_count(usage, "cache_read_input_tokens"),
        cache_write_5m=max(five, _count(usage, "cache_creation_input_tokens") - hour),
        cache_write_1h=hour,
    )


def _count(source: Plain, name: str) -> int:
    value = source.get(name)
    return value if isinstance(value, int) and 0 < value < 10**15 else 0


_SECOND = re.compile(r"\n\n--- (\d{4}-\d\d-\d\dT[0-9:.+Z-]{5,30}) ---\n\n")


def prompts(text: str) -> list[tuple[str, str]]:
    """The prompts of `prompt.txt` in order, each behind its time; the first one has none."""
    parts = ["", *_SECOND.split(text)]
    return [(stamp, prompt) for stamp, prompt in zip(parts[::2], parts[1::2], strict=True) if prompt]
