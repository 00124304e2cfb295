"""What the files of one log folder tell, as events in the order of their times."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import BinaryIO, Literal

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange
from data.domain.money import from_usd
from data.domain.prices import book
from data.domain.texts import storable
from orchestrator_adapter.ingest import log_dialects as d
from orchestrator_adapter.ingest import log_files
from orchestrator_adapter.ingest.log_folders import LogFolder
from orchestrator_adapter.runners.activity import activity, inside, short

PREVIEW = 200
NO_END = "Its log ends without a result: it was stopped, or is still at work."
NEVER_RAN = "Its log holds a prompt and nothing else: its process did not start."
UNKNOWN_MODEL = "unknown"
Reader = Callable[[BinaryIO, d.Clock], Iterator[d.Piece]]
_READERS: dict[str, Reader] = {"text.txt": d.texts, "tools.jsonl": d.tools, "summary.jsonl": d.summary}
Timed = tuple[e.Event, datetime]


class Reading:
    """One pass through a folder; what an earlier pass has read is looked at, and not told again."""

    def __init__(self, folder: LogFolder, read: Mapping[str, tuple[int, str]], zone: tzinfo | None) -> None:
        self._folder, self._zone = folder, zone
        self._ids = {"task_id": folder.task_id, "agent_id": folder.agent_id}
        self._before = {name: end for name, (end, _) in read.items()}
        self._prompt = read.get("prompt.txt", (0, ""))
        self._contents: dict[str, bytes] = {}
        self._tools: dict[str, d.Use] = {}
        self._totals: dict[str, float] = {}
        self._model, self.cwd = "", ""
        self.ends: dict[str, int] = dict(self._before)
        """How far each file was read, in bytes."""
        self.grown = False
        self.broken = self.cut = 0
        self.begins = d.Clock(zone, datetime(1970, 1, 1, tzinfo=UTC)).read(folder.began.isoformat())
        self._look_ahead()
        self._last = self.begins

    @property
    def model(self) -> str:
        return self._model

    def _look_ahead(self) -> None:
        """How it began and ended stands in the summary, which is short."""
        self._status, self._why = AgentStatus.FAILED, NO_END
        self._result: str | None = None
        ended: d.Ended | None = None
        total: d.Total | None = None
        for piece in self._pieces("summary.jsonl"):
            match piece:
                case d.Begun():
                    if not self._model and not piece.session:
                        self.begins = piece.at  # our own first line knows it, and of where
                    self._model = piece.model or self._model
                    self.cwd = self.cwd or piece.folder
                    ended = total = None
                case d.Total():
                    total = piece
                case d.Ended():
                    ended = piece
        good = total is not None if ended is None else ended.ok
        if good and not (total and total.is_error):
            self._status, self._why = AgentStatus.COMPLETED, ""
            self._result = storable(total.result) if total else None
        elif ended is not None and not ended.ok and ended.error:
            self._why = ended.error
        elif total is not None:
            self._why = total.result or "The command line reported an error and no words."
        elif not any(self._exists(name) for name in _READERS):
            self._why = NEVER_RAN

    def _exists(self, name: str) -> bool:
        with log_files.opened(self._folder.path, name) as file:
            return file is not None and log_files.size_of(file) > 0

    def _pieces(self, name: str) -> Generator[d.Piece, None, None]:
        with log_files.opened(self._folder.path, name) as file:
            if file is not None:
                yield from _READERS[name](file, d.Clock(self._zone, self.begins))

    def events(self) -> Iterator[list[Timed]]:
        """Everything that was not read before, by time; what one piece of a file tells belongs together."""
        if told := list(self._prompted()):
            self.grown = True
            yield told
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(contextlib.closing(self._pieces(name))) for name in _READERS]
            for piece in heapq.merge(*streams, key=lambda one: one.at):
                fresh = piece.start >= self._before.get(piece.name, 0)
                told = [(event, piece.at) for event in self._told(piece, fresh)]
                self._last = max(self._last, piece.at)
                if fresh:
                    self.grown = True
                    self.ends[piece.name] = piece.end
                    yield told

    def _prompted(self) -> Iterator[Timed]:
        """Prompts that are new. Ours are added at the end; theirs are written anew, and when stands nowhere else."""
        with log_files.opened(self._folder.path, "prompt.txt") as file:
            if file is None:
                return
            raw, changed = file.read(log_files.MOST_LINE), log_files.changed(file)
        end, digest = self._prompt
        added = end > 0 and hashlib.sha256(raw[:end]).hexdigest() == digest
        first = datetime.fromtimestamp(changed, UTC) if end else self.begins
        self.ends["prompt.txt"] = len(raw)
        clock = d.Clock(self._zone, first)
        for stamp, text in d.prompts(log_files.decoded(raw[end:] if added else raw)):
            at, clean = clock.read(stamp), storable(text)
            yield e.Prompted(**self._ids, chars=len(clean), blob=self._keep(clean)), at

    @property
    def held(self) -> int:
        """Bytes of content that nobody has taken yet."""
        return sum(map(len, self._contents.values()))

    def contents(self) -> list[bytes]:
        """Content that the events since the last call name."""
        found = list(self._contents.values())
        self._contents.clear()
        return found

    def read(self, files: dict[str, tuple[int, str]]) -> e.LogsImported:
        """How far it was read, and how the agent stands by it."""
        return e.LogsImported(
            **self._ids,
            folder=str(self._folder.path),
            files=files,
            status=self._status,
            model=self._model,
            why=self._why,
            result=self._result,
            began_at=self.begins,
            ended_at=self._last,
        )

    def _keep(self, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
        raw = text.encode("utf-8", "replace")
        key = hashlib.sha256(raw).hexdigest()
        self._contents[key] = raw
        return key

    def _told(self, piece: d.Piece, fresh: bool) -> list[e.Event]:
        """What a piece tells; of one that was read before only what later ones need is remembered."""
        if isinstance(piece, d.Use):
            self._tools[piece.key] = piece
        if isinstance(piece, d.Total):
            before = self._totals.get(piece.session, 0.0)
            self._totals[piece.session] = before if piece.total_usd is None else piece.total_usd
            return list(self._total(piece, before)) if fresh else []
        return list(self._events(piece)) if fresh else []

    def _events(self, piece: d.Piece) -> Iterator[e.Event]:
        match piece:
            case d.Block():
                yield self._said(piece)
            case d.Use():
                about = {"tool": piece.tool, "words": activity(piece.tool, piece.given, _path(self.cwd))}
                ids = {**self._ids, "tool_use_id": piece.key, "parent": piece.parent}
                given = self._keep(piece.given)
                yield e.ToolCalled(**ids, **about, input_blob=given, subagent=bool(piece.parent))
            case d.Result():
                yield from self._returned(piece)
            case d.Begun() if piece.session:
                yield e.SessionStarted(**self._ids, session_id=piece.session, model=piece.model or self._model)
            case d.Broken():
                self.broken += 1
                words = f"{piece.name}, line {piece.number}: {piece.why}"
                yield e.Diagnostic(**self._ids, words=words, of_log=True)

    def _said(self, block: d.Block) -> e.Event:
        if block.kind not in ("AssistantMessage", "THINKING"):
            what = "was told" if block.kind else "text.txt begins without a heading"
            return e.Diagnostic(**self._ids, words=short(f"{what}: {block.text}", 2000))
        kind: Literal["text", "thinking"] = "thinking" if block.kind == "THINKING" else "text"
        text = storable(block.text)
        message = f"log-{self._folder.agent_id[:12]}-{block.start}"
        return e.Said(**self._ids, message_id=message, block=kind, chars=len(text), blob=self._keep(text))

    def _returned(self, result: d.Result) -> Iterator[e.Event]:
        self.cut += result.cut
        use, text = self._tools.get(result.key), storable(result.text)
        tool = use.tool if use else ""
        back = {"tool_use_id": result.key, "tool": tool, "is_error": result.is_error, "preview": text[:PREVIEW]}
        yield e.ToolReturned(**self._ids, **back, output_blob=self._keep(text))
        if use and not result.is_error and (touched := self._touched(use, result)):
            yield touched

    def _touched(self, use: d.Use, result: d.Result) -> e.FileTouched | None:
        path = str(use.given.get("file_path") or use.given.get("notebook_path") or "")
        change = _change(use, result)
        if not path or change is None:
            return None
        added, removed = _lines(use, change)
        where = inside(path, _path(self.cwd))
        ids = {**self._ids, "tool_use_id": use.key}
        return e.FileTouched(**ids, path=where, change=change, added=added, removed=removed)

    def _total(self, total: d.Total, before: float) -> Iterator[e.Event]:
        """Their figure runs on through a session, so the turn cost what it grew by; a smaller one began anew."""
        usd = total.total_usd
        spent = None if usd is None else usd - before if usd >= before else usd
        if total.tokens is not None and (total.tokens.total or spent):
            model = self._model or UNKNOWN_MODEL
            price = book().cost_nanousd(model, total.tokens, total.at)
            yield e.MessageMetered(
                **self._ids,
                message_id=f"log-{self._folder.agent_id[:12]}-turn-{total.start}",
                model=model,
                tokens=total.tokens,
                cost_nanousd=price if spent is None else from_usd(spent),
                summed=True,
            )
        if usd is not None:
            yield e.TotalReported(**self._ids, session_id=total.session, total_nanousd=from_usd(usd))


def _path(folder: str) -> Path:
    return Path(folder or os.sep)


def _change(use: d.Use, result: d.Result) -> FileChange | None:
    """What a call did to its file; whether a written one is new stands in the answer."""
    match use.tool:
        case "Read":
            return FileChange.READ
        case "Write":
            told = result.detail.get("type") == "create" or "created" in result.text[:PREVIEW].lower()
            return FileChange.CREATED if told else FileChange.MODIFIED
        case "Edit" | "MultiEdit" | "NotebookEdit":
            return FileChange.MODIFIED
        case _:
            return None


def _lines(use: d.Use, change: FileChange) -> tuple[int, int]:
    """Lines added and removed, as far as the call itself says."""
    if change is FileChange.READ:
        return 0, 0
    edits = use.given.get("edits")
    parts = [part for part in edits if isinstance(part, Mapping)] if isinstance(edits, list) else [use.given]
    new = sum(_count(part.get("new_string") or part.get("content") or part.get("new_source")) for part in parts)
    old = sum(_count(part.get("old_string")) for part in parts)
    return new, old


def _count(text: object) -> int:
    return len(text.splitlines()) if isinstance(text, str) else 0
