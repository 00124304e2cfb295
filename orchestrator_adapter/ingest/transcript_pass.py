"""One pass over whole lines of a transcript: what they tell, ready to be taken into the store in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from data.domain import words
from data.domain.search import Kind
from data.domain.search_lines import pieces, time_of
from data.domain.transcript_calls import MOST_PATH, Calls, asked, blocks
from data.domain.transcript_costs import Cost, Pricer
from data.domain.transcript_lines import Line, Reply, at_ms, parsed, replies, text
from data.store.imports import CHUNK, Chunk, Touched, pack
from data.store.search_index import Prepared, Text, line_place, prepared

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_RESULT = 4_000
MOST_FAULTS = 1_000
"""Broken lines of one pass that are listed; all of them are counted and kept."""
_TITLES = {"summary": "summary", "custom-title": "customTitle", "ai-title": "aiTitle"}


@dataclass
class Told:
    """What the lines of one pass told; pieces of content are packed on the way."""

    subagent: bool
    first_line: int
    start: int
    session_id: str
    file_version: int
    """What search finds in it is known by version and line."""
    written_ms: int
    """When the file was written; a line without a time is as old as the one before, or as this."""
    sqlite: bool
    """Which database's index the texts are for."""
    lines: int = 0
    cwd: str = ""
    version: str = ""
    branch: str = ""
    model: str = ""
    title: str = ""
    prompt: str = ""
    result: str = ""
    began_ms: int | None = None
    last_ms: int | None = None
    context_used: int | None = None
    tool_calls: int = 0
    errors: int = 0
    undated: int = 0
    faults: list[tuple[int, int, str]] = field(default_factory=list)
    faulty: int = 0
    totals_nanousd: list[int] = field(default_factory=list)
    touched: Touched = field(default_factory=dict)
    chunks: list[Chunk] = field(default_factory=list)
    priced: tuple[tuple[Reply, Cost], ...] = ()
    """Each reply once, with its cost."""
    texts: list[Prepared] = field(default_factory=list)
    """What can be found."""
    _said_at: datetime = EPOCH
    _paths: set[str] = field(default_factory=set)
    _replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    _calls: Calls = field(default_factory=Calls)

    def read(self, raw: bytes) -> None:
        """Read whole lines, the last of them with its line end."""
        self._said_at = EPOCH + timedelta(milliseconds=self.written_ms)
        pieces = raw.split(b"\n")
        pieces.pop()
        offset, begun, begun_line = self.start, 0, self.first_line
        position = 0
        for line_number, piece in enumerate(pieces, self.first_line):
            self._line(piece, line_number, offset + position)
            position += len(piece) + 1
            if position - begun >= CHUNK:
                self._pack(raw, begun, position, begun_line, line_number + 1)
                begun, begun_line = position, line_number + 1
        self.lines = len(pieces)
        if position > begun:
            self._pack(raw, begun, position, begun_line, self.first_line + self.lines)

    def _pack(self, raw: bytes, begun: int, end: int, first: int, after: int) -> None:
        self.chunks.append(pack(raw[begun:end], first, after - first, self.start + begun))

    def _line(self, raw: bytes, line_number: int, offset: int) -> None:
        line = parsed(raw)
        if line is None:
            if raw.strip():
                self._fault(line_number, offset, raw)
            return
        self._common(line)
        self._find(line, line_number)
        message = line.get("message")
        kind = line.get("type")
        if kind == "cost-state":
            self._total(line)
        elif kind in _TITLES:
            self.title = text(line.get(_TITLES[kind]), 500) or self.title
        elif isinstance(message, dict):
            self._message(line, message)
        for reply in replies(line, f"{self.session_id}:{line_number}"):
            self._reply(reply)

    def _find(self, line: Line, number: int) -> None:
        """The texts of a line as they go into the index; the path of a file once."""
        self._said_at = time_of(line) or self._said_at
        for place, (key, kind, said, tool) in enumerate(pieces(number, line)):
            if kind is Kind.FILE and said in self._paths:
                continue
            if kind is Kind.FILE:
                self._paths.add(said)
            if said and not said.isspace():
                where = line_place(self.file_version, number, place)
                self.texts.append(prepared(Text(key, self._said_at, kind, said, tool, where), sqlite=self.sqlite))

    def _fault(self, line_number: int, offset: int, raw: bytes) -> None:
        self.faulty += 1
        if len(self.faults) < MOST_FAULTS:
            shown = words.shortened(text(raw[:200].decode("utf-8", "replace"), 200), 80)
            self.faults.append((line_number, offset, f"not a JSON object: {shown}"))

    def _common(self, line: Line) -> None:
        """What most lines carry."""
        when = at_ms(line.get("timestamp"))
        if when is not None:
            self.began_ms = when if self.began_ms is None else min(self.began_ms, when)
            self.last_ms = when if self.last_ms is None else max(self.last_ms, when)
        self.session_id = self.session_id or text(line.get("sessionId"), 120)
        self.cwd = self.cwd or text(line.get("cwd"), MOST_PATH)
        self.version = text(line.get("version"), 40) or self.version
        self.branch = text(line.get("gitBranch"), 200) or self.branch

    def _total(self, line: Line) -> None:
        value = line.get("totalCostUSD")
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
            self.totals_nanousd.append(round(value * 1e9))

    def _message(self, line: Line, message: Mapping[str, Any]) -> None:
        aside = bool(line.get("isSidechain")) and not self.subagent
        content = message.get("content")
        if line.get("type") == "user":
            if not self.prompt and not aside and not line.get("isMeta"):
                self.prompt = asked(content)
            for block in blocks(content, "tool_result"):
                self._returned(block, line.get("toolUseResult"))
        elif line.get("type") == "assistant":
            for block in blocks(content, "tool_use"):
                self.tool_calls += 1
                self._calls.called(block)
            if not aside and not line.get("isApiErrorMessage"):
                for block in blocks(content, "text"):
                    self.result = text(block.get("text"), MOST_RESULT) or self.result

    def _returned(self, block: Mapping[str, Any], result: object) -> None:
        """A call that was answered without an error touched its file."""
        _, touch = self._calls.returned(block, result)
        if touch is not None:
            added, removed = self.touched.get((touch.path, touch.change), (0, 0))
            self.touched[touch.path, touch.change] = (added + touch.added, removed + touch.removed)

    def _reply(self, reply: Reply) -> None:
        if reply.is_error:
            self.errors += 1
            return
        aside = (reply.subagent and not self.subagent) or "#" in reply.request_id
        if not aside:
            self.model = self.model or reply.model
            self.context_used = reply.tokens.prompt + reply.tokens.output
        if self.subagent and "#" not in reply.request_id:
            reply = reply._replace(subagent=False)
        known = self._replies.get(reply.key)
        if known is None or reply.larger_than(known):
            self._replies[reply.key] = reply

    def price(self, pricer: Pricer) -> None:
        """Price each reply once; one without a time is priced at the last time before."""
        last, priced = self.written_ms, []
        for reply in self._replies.values():
            last = last if reply.at_ms is None else reply.at_ms
            self.undated += reply.at_ms is None
            priced.append((reply, pricer.cost(reply, last)))
        self.priced = tuple(priced)
        self._replies, self._calls, self._paths = {}, Calls(), set()
