"""What the SDK says, as events: plain messages and transcript lines in, events out.

Messages come as plain dicts in the shape of the command line's own stream (see `claude.plain`); transcript lines as
they are written, one per content block. What replies used is for `metering` to say.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from data.domain.agents import FileChange
from data.domain.events import (
    Activity,
    AgentHeard,
    ContextCompacted,
    Diagnostic,
    Event,
    FileTouched,
    Prompted,
    RetryScheduled,
    Said,
    SessionStarted,
    SubagentMoved,
    ToolCalled,
    ToolRefused,
    ToolReturned,
    TotalReported,
)
from data.domain.money import from_usd
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.activity import activity, clean, inside, short
from orchestrator_adapter.runners.compaction import Compactions
from orchestrator_adapter.runners.metering import SYNTHETIC, Meter

Plain = Mapping[str, Any]
Ended = Literal["completed", "failed", "stopped"]

ENDINGS: dict[str, Ended] = {
    "completed": "completed",
    "failed": "failed",
    "stopped": "stopped",
    "killed": "stopped",
}
_SECRET = re.compile(r"(sk-[A-Za-z]{2,}[-_A-Za-z0-9]{4,}|(?i:bearer)\s+\S+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@))")


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without anything that looks like a key, or is one."""
    for secret in secrets:
        text = text.replace(secret, "[redacted]")
    return _SECRET.sub("[redacted]", clean(text))


def answer_text(content: object) -> str:
    """What a tool answered, as text; anything but text stays JSON."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(b, Mapping) and b.get("type") == "text" for b in content):
        return "\n".join(str(b.get("text", "")) for b in content)
    return "" if content is None else json.dumps(content, ensure_ascii=False, default=str)


def _patched(detail: Plain) -> tuple[int, int]:
    """Lines added and removed."""
    hunks = [h for h in detail.get("structuredPatch") or [] if isinstance(h, Mapping)]
    lines = [str(line) for hunk in hunks for line in hunk.get("lines") or []]
    if not hunks and detail.get("originalFile") is None and isinstance(detail.get("content"), str):
        return len(detail["content"].splitlines()), 0
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _removals(command: object) -> list[str]:
    """Paths a plain `rm` or `git rm` in the command names."""
    found: list[str] = []
    for part in re.split(r"&&|\|\||;|\||\n", str(command)):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        words = words[1:] if words[:1] == ["git"] else words
        if words and words[0] in ("rm", "unlink"):
            found += [w for w in words[1:] if not w.startswith("-")]
    return found


def _length(detail: Plain) -> int | None:
    """How many lines a file has that was read."""
    file = detail.get("file")
    total = file.get("totalLines") if isinstance(file, Mapping) else None
    return total if isinstance(total, int) else None


class Translator:
    """Turns one agent's messages and lines into its events; remembers what it needs to do so once."""

    def __init__(self, job: Job, secrets: tuple[str, ...] = (), totals: Plain | None = None) -> None:
        """`totals`: what the session that is continued had used."""
        self._job = job
        self._ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        self._secrets = secrets
        self._tools: dict[str, tuple[str, Plain]] = {}
        self._doomed: dict[str, list[str]] = {}
        self._meter = Meter(self._ids)
        self._compactions = Compactions(self._ids, totals or {})
        self._refused: set[str] = set()
        self._subagents: set[str] = set()
        self._session = ""
        self._words = ""
        self._sent = (job.said, job.inbox.opened_with) if job.inbox.opened_with else None
        self.pid: int | None = None

    def sent(self, text: str, told: int) -> None:
        """A person's message is on its way to the agent."""
        self._sent = (text, told)

    def message(self, message: Plain) -> Iterator[Event]:
        """Events of one message of the stream."""
        match message.get("type"):
            case "system":
                yield from self._system(message.get("subtype"), message)
            case "assistant":
                for block in message.get("content") or []:
                    yield from self._said(block, message)
            case "user":
                for block in message.get("content") or []:
                    if isinstance(block, Mapping) and block.get("type") == "tool_result":
                        yield from self._returned(block, message.get("tool_use_result"))
            case "stream_event" if not message.get("parent_tool_use_id"):
                yield from self._begun(message.get("event") or {})
            case "result":
                yield from self._result(message)

    def line(self, line: Plain, *, subagent: bool = False) -> Iterator[Event]:
        """Events of one transcript line: what the model's reply used, once, again only if a copy says more."""
        reply = line.get("message")
        if self._sent is not None and line.get("type") in ("user", "assistant") and not subagent:
            yield from self._heard(line.get("type") == "assistant", reply)
        for counted in self._meter.line(line, subagent=subagent):
            self._compactions.counted(counted)
            yield counted

    def _heard(self, answered: bool, said: object) -> Iterator[Event]:
        """A message was read when it stands in the transcript: from then on the session holds it."""
        text, told = self._sent or ("", 0)
        if answered or (isinstance(said, Mapping) and answer_text(said.get("content")) == text):
            self._sent = None
            yield AgentHeard(**self._ids, told=told)

    def broken_off(self) -> Iterator[Event]:
        """Replies that began and never came to a line, and those that never stand in one."""
        for counted in self._meter.broken_off():
            self._compactions.counted(counted)
            yield counted
        yield from self._compactions.told()

    def stderr(self, line: str) -> Diagnostic:
        return Diagnostic(**self._ids, words=redacted(line, self._secrets)[:2000])

    def _does(self, words: str) -> Iterator[Event]:
        if words != self._words:
            self._words = words
            yield Activity(**self._ids, words=words)

    def _keep(self, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
        return self._job.keep(text.encode("utf-8", "replace"))

    # What the command line itself has to say

    def _system(self, subtype: object, data: Plain) -> Iterator[Event]:
        match subtype:
            case "init":
                yield from self._started(data)
            case "api_retry":
                yield from self._retry(data)
            case "permission_denied":
                yield from self._denied(data.get("tool_use_id"), data.get("tool_name"), data.get("message"))
            case "task_started" if data.get("task_type") in (None, "local_agent"):
                self._subagents.add(str(data.get("task_id")))
                yield self._subagent(data, "started", data.get("description"))
            case "task_notification":
                yield from self._subagent_over(data, data.get("status"), data.get("summary"))
            case "task_updated":
                yield from self._subagent_over(data, (data.get("patch") or {}).get("status"), "")
            case "model_fallback":
                words = f"{data.get('original_model')} is {data.get('trigger')}; going on with "
                yield Diagnostic(**self._ids, words=short(words + str(data.get("fallback_model")), 300))
            case "compact_boundary":
                yield self._compacted(data.get("compact_metadata") or {}, str(data.get("uuid") or ""))
            case "mirror_error":
                yield Diagnostic(**self._ids, words=short(f"Usage may be missing: {data.get('error')}", 300))

    def _started(self, data: Plain) -> Iterator[Event]:
        session = str(data.get("session_id") or "")
        if session and session != self._session:
            self._session = session
            yield SessionStarted(**self._ids, session_id=session, model=str(data.get("model") or ""), pid=self.pid)
            yield Prompted(**self._ids, chars=len(self._job.said), blob=self._keep(self._job.said))
        yield from self._does("thinking")

    def _compacted(self, detail: Plain, key: str) -> ContextCompacted:
        before, after = detail.get("pre_tokens"), detail.get("post_tokens")
        return ContextCompacted(
            **self._ids,
            trigger="manual" if detail.get("trigger") == "manual" else "auto",
            before_tokens=before if isinstance(before, int) else None,
            after_tokens=after if isinstance(after, int) else None,
            message_id=self._compactions.compacted(key, before if isinstance(before, int) else None) if key else "",
        )

    def _retry(self, data: Plain) -> Iterator[Event]:
        delay_ms, status = int(data.get("retry_delay_ms") or 0), data.get("error_status")
        yield RetryScheduled(
            **self._ids,
            attempt=int(data.get("attempt") or 1),
            max_retries=int(data.get("max_retries") or 0),
            delay_ms=delay_ms,
            status=status if isinstance(status, int) else None,
            error=short(data.get("error") or ""),
            retry_at=datetime.now(UTC) + timedelta(milliseconds=delay_ms),
        )
        yield from self._does(f"waiting to try again ({status or 'no connection'})")

    def _denied(self, tool_use_id: object, tool: object, words: object) -> Iterator[Event]:
        key = str(tool_use_id or "")
        if not key or key not in self._refused:
            self._refused.add(key)
            yield ToolRefused(**self._ids, tool=str(tool), words=short(words, 300), tool_use_id=key)

    def _subagent(self, data: Plain, to: Literal["started"] | Ended, words: object) -> SubagentMoved:
        ids = {**self._ids, "subagent_id": str(data.get("task_id")), "parent": str(data.get("tool_use_id") or "")}
        return SubagentMoved(**ids, to=to, words=short(words or "", 300))

    def _subagent_over(self, data: Plain, status: object, words: object) -> Iterator[Event]:
        to, key = ENDINGS.get(str(status)), str(data.get("task_id"))
        if to and key in self._subagents:
            self._subagents.discard(key)
            yield self._subagent(data, to, words)

    # What the model says and does

    def _begun(self, event: Plain) -> Iterator[Event]:
        block = event.get("content_block")
        self._meter.streamed(event)
        if event.get("type") == "content_block_start" and isinstance(block, Mapping):
            words = {"thinking": "thinking", "text": "writing the answer"}.get(str(block.get("type")))
            yield from self._does(words) if words else ()

    def _said(self, block: Plain, message: Plain) -> Iterator[Event]:
        match block.get("type"):
            case "tool_use":
                yield from self._called(block, message)
            case "text" | "thinking" if message.get("model") == SYNTHETIC:
                yield Diagnostic(**self._ids, words=redacted(str(block.get("text")), self._secrets)[:2000])
            case ("text" | "thinking") as kind:
                text, parent = str(block.get(kind) or ""), str(message.get("parent_tool_use_id") or "")
                said: Literal["text", "thinking"] = "text" if kind == "text" else "thinking"
                ids = {**self._ids, "message_id": str(message.get("message_id") or ""), "parent": parent}
                yield Said(**ids, block=said, chars=len(text), blob=self._keep(text))
                if not parent:
                    yield from self._does("thinking" if kind == "thinking" else "writing the answer")

    def _called(self, block: Plain, message: Plain) -> Iterator[Event]:
        key, tool, given = str(block.get("id")), str(block.get("name")), block.get("input")
        self._tools[key] = (tool, given if isinstance(given, Mapping) else {})
        if tool == "Bash":
            gone = [self._path(p) for p in _removals(self._tools[key][1].get("command"))]
            self._doomed[key] = [p for p in gone if self._exists(p)]
        words = activity(tool, given, self._job.working_directory)
        parent, reply = str(message.get("parent_tool_use_id") or ""), str(message.get("message_id") or "")
        subagent = bool(parent)
        ids = {**self._ids, "tool_use_id": key, "message_id": reply, "parent": parent, "subagent": subagent}
        yield ToolCalled(**ids, tool=tool, words=words, input_blob=self._keep(given))
        yield from self._does(short(f"sub-agent {words}") if subagent else words)

    def _returned(self, block: Plain, detail: object) -> Iterator[Event]:
        key, text = str(block.get("tool_use_id")), clean(answer_text(block.get("content")))
        tool, given = self._tools.get(key, ("", {}))
        failed = bool(block.get("is_error"))
        yield ToolReturned(
            **self._ids,
            tool_use_id=key,
            tool=tool,
            is_error=failed,
            output_blob=self._keep(text),
            preview=text[:200],
        )
        if not failed:
            yield from self._touched(key, tool, given, detail if isinstance(detail, Mapping) else {})
        yield from self._does("thinking")

    # Files

    def _touched(self, key: str, tool: str, given: Plain, detail: Plain) -> Iterator[Event]:
        path = str(detail.get("filePath") or given.get("file_path") or given.get("notebook_path") or "")
        match tool:
            case "Read" if path:
                yield self._file(key, path, FileChange.READ, lines=_length(detail))
            case "Write" if path:
                new = detail.get("type") == "create" or (detail and detail.get("originalFile") is None)
                change = FileChange.CREATED if new else FileChange.MODIFIED
                yield self._file(key, path, change, *_patched(detail))
            case "Edit" | "MultiEdit" | "NotebookEdit" if path:
                new = tool == "Edit" and bool(detail) and not given.get("old_string") and not detail.get("originalFile")
                change = FileChange.CREATED if new else FileChange.MODIFIED
                yield self._file(key, path, change, *_patched(detail))
            case "Bash":
                for gone in self._doomed.pop(key, []):
                    if not self._exists(gone):
                        yield self._file(key, gone, FileChange.DELETED)

    def _file(
        self, key: str, path: str, change: FileChange, added: int = 0, removed: int = 0, lines: int | None = None
    ) -> FileTouched:
        ids = {**self._ids, "path": inside(path, self._job.working_directory), "tool_use_id": key}
        return FileTouched(**ids, change=change, added=added, removed=removed, lines=lines)

    def _path(self, name: str) -> str:
        return str(self._job.working_directory / name)

    def _exists(self, path: str) -> bool:
        try:
            return Path(path).exists()
        except (OSError, ValueError):
            return False

    def _result(self, result: Plain) -> Iterator[Event]:
        for denial in result.get("permission_denials") or []:
            tool, key = str(denial.get("tool_name")), denial.get("tool_use_id")
            words = activity(tool, denial.get("tool_input"), self._job.working_directory)
            yield from self._denied(key, tool, f"{tool} was not permitted: {words}")
        self._compactions.result(result.get("model_usage"))
        total = result.get("total_cost_usd")
        if isinstance(total, int | float):
            session = str(result.get("session_id") or self._session)
            yield TotalReported(**self._ids, session_id=session, total_nanousd=from_usd(total))
