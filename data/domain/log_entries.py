"""What an agent did, action by action, as its log tells it; and which of it somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.words import count, shortened

MOST_WORDS = 300


class Outcome(StrEnum):
    """What became of an action."""

    OK = "ok"
    FAILED = "failed"
    REFUSED = "refused"
    UNFINISHED = "unfinished"
    """Its answer is not there: it still runs, or the agent ended first."""


class EntryKind(StrEnum):
    """What kind of action it was."""

    CALL = "call"
    SAID = "said"
    RETRY = "retry"
    REFUSED = "refused"
    NOTICE = "notice"
    BROKEN = "broken"
    """A line of its log that cannot be read."""
    MOVED = "moved"


class Told(Protocol):
    """An event, when it happened, and its number."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def event(self) -> e.Event: ...


@dataclass(frozen=True)
class LogEntry:
    """One action of an agent."""

    id: int
    """The number of its event: it stays the same for ever, so it can be linked to."""
    agent_id: str
    at: datetime
    kind: EntryKind
    words: str
    outcome: Outcome = Outcome.OK
    tool: str = ""
    key: str = ""
    """What the conversation knows it by: the id of a tool call or of a message."""
    ended_at: datetime | None = None
    answer: str = ""
    """How the answer begins."""
    files: tuple[tuple[str, str], ...] = ()
    """Path and change of each file that it touched."""
    input_blob: str = ""
    output_blob: str = ""
    input_text: str = ""
    """What went in, of a transcript that was read in: it lies in no blob of its own."""
    output_text: str = ""
    subagent: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it took; never less than nothing, whatever the clocks said."""
        return None if self.ended_at is None else max(0.0, (self.ended_at - self.at).total_seconds())


@dataclass(frozen=True)
class LogFilter:
    """Which actions are asked for; a field that is None does not filter."""

    tool: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    calls_only: bool = False
    text: str | None = None

    def takes(self, entry: LogEntry) -> bool:
        if self.calls_only and entry.kind is not EntryKind.CALL:
            return False
        if self.tool is not None and entry.tool != self.tool:
            return False
        if self.outcome is not None and entry.outcome is not self.outcome:
            return False
        if (self.since and entry.at < self.since) or (self.until and entry.at >= self.until):
            return False
        return not self.text or self.text.lower() in f"{entry.words}\n{entry.answer}".lower()


def chosen(found: Iterable[LogEntry], wanted: LogFilter) -> list[LogEntry]:
    return [entry for entry in found if wanted.takes(entry)]


def tools(found: Iterable[LogEntry]) -> list[str]:
    """The tools that were called, by name."""
    return sorted({entry.tool for entry in found if entry.tool})


def entries(told: Iterable[Told]) -> list[LogEntry]:
    """Every action, in the order in which they began; what came back stands with its call."""
    out: list[LogEntry] = []
    calls: dict[str, int] = {}
    read: LogEntry | None = None
    for one in told:
        match one.event:
            case e.LogsImported() as event:
                read = _other(one, event)  # a long log is read in several goes: the last one knows how it ended
            case e.ToolCalled(tool_use_id=key):
                calls[key] = len(out)
                out.append(_called(one, one.event))
            case e.ToolReturned(tool_use_id=key) as back if key in calls:
                out[calls[key]] = _returned(out[calls[key]], one.at, back)
            case e.ToolRefused(tool_use_id=key, words=text) if key in calls:
                out[calls[key]] = replace(out[calls[key]], outcome=Outcome.REFUSED, answer=text)
            case e.FileTouched(tool_use_id=key, path=path, change=change) if key in calls:
                call = out[calls[key]]
                out[calls[key]] = replace(call, files=(*call.files, (path, change.value)))
            case event if (other := _other(one, event)) is not None:
                out.append(other)
    return out if read is None else [*out, read]


def _called(one: Told, event: e.ToolCalled) -> LogEntry:
    words = f"sub-agent: {event.words}" if event.subagent else event.words
    return LogEntry(
        one.id,
        event.agent_id,
        one.at,
        EntryKind.CALL,
        words,
        Outcome.UNFINISHED,
        event.tool,
        event.tool_use_id,
        input_blob=event.input_blob,
        subagent=event.subagent,
    )


def _returned(call: LogEntry, at: datetime, event: e.ToolReturned) -> LogEntry:
    outcome = Outcome.FAILED if event.is_error else Outcome.OK
    if call.outcome is Outcome.REFUSED:
        return replace(call, ended_at=at, output_blob=event.output_blob)
    return replace(call, outcome=outcome, ended_at=at, answer=event.preview, output_blob=event.output_blob)


_SAD = {AgentStatus.FAILED: Outcome.FAILED, AgentStatus.CANCELLED: Outcome.UNFINISHED}
_QUIET = frozenset({AgentStatus.WAITING, AgentStatus.DELETED, AgentStatus.IDLE})


def _other(one: Told, event: e.Event) -> LogEntry | None:
    """An action that is no tool call; None for what is no action."""

    def entry(kind: EntryKind, words: str, outcome: Outcome = Outcome.OK, key: str = "", tool: str = "") -> LogEntry:
        agent_id = getattr(event, "agent_id", "")
        return LogEntry(one.id, agent_id, one.at, kind, shortened(words, MOST_WORDS), outcome, tool, key)

    match event:
        case e.Said(block=block, chars=chars, message_id=key, blob=blob):
            verb = "wrote" if block == "text" else "thought for"
            return replace(entry(EntryKind.SAID, f"{verb} {count(chars, 'character')}", key=key), output_blob=blob)
        case e.RetryScheduled(attempt=attempt, max_retries=most, error=error, status=status):
            said = ", ".join(str(word) for word in (error, status) if word)
            return entry(EntryKind.RETRY, f"the model service refused: {said}; try {attempt} of {most}", Outcome.FAILED)
        case e.StepRetried(attempt=attempt, most=most, why=why):
            return entry(EntryKind.RETRY, f"the step is tried again ({attempt} of {most}): {why}", Outcome.FAILED)
        case e.ToolRefused(tool=tool, words=text, tool_use_id=key):
            return entry(EntryKind.REFUSED, f"{tool} was not permitted: {text}", Outcome.REFUSED, tool=tool, key=key)
        case e.Diagnostic(words=text, of_log=of_log):
            return entry(EntryKind.BROKEN if of_log else EntryKind.NOTICE, text)
        case e.SubagentMoved(to=to, words=text):
            outcome = Outcome.FAILED if to == "failed" else Outcome.OK
            return entry(EntryKind.MOVED, f"sub-agent {to}: {text}".removesuffix(": "), outcome)
        case _:
            return _moved(event, entry)


class _Entry(Protocol):
    def __call__(self, kind: EntryKind, words: str, outcome: Outcome = Outcome.OK) -> LogEntry: ...


def _moved(event: e.Event, entry: _Entry) -> LogEntry | None:
    match event:
        case e.AgentMoved(to=to, why=why) if to not in _QUIET:
            return entry(EntryKind.MOVED, f"{to}: {why}".removesuffix(": "), _SAD.get(to, Outcome.OK))
        case e.LogsImported(status=to, why=why):
            return entry(EntryKind.MOVED, f"{to}: {why}".removesuffix(": "), _SAD.get(to, Outcome.OK))
        case e.SessionStarted(model=model):
            return entry(EntryKind.MOVED, f"its session started on {model or 'an unknown model'}")
        case e.AgentTold(by=by, words=text):
            return entry(EntryKind.MOVED, f"told by {by}: {text}")
        case e.StepContinued(attempt=attempt, session=session):
            how = "it goes on in its session" if session else "it begins anew"
            return entry(EntryKind.MOVED, f"its engine process was gone; {how} (attempt {attempt})")
        case e.ApprovalAsked(words=text):
            return entry(EntryKind.MOVED, f"waits for a person: {text}")
        case e.ApprovalAnswered(to=to, by=by):
            return entry(EntryKind.MOVED, f"{to} by {by}")
        case _:
            return None


def last_good(found: Sequence[LogEntry], before: int) -> LogEntry | None:
    """The last deed that went well, of those that stand before this place: a call, or else something that it said."""
    head = [entry for entry in found[:before] if entry.outcome is Outcome.OK]
    called = next((entry for entry in reversed(head) if entry.kind is EntryKind.CALL), None)
    return called or next((entry for entry in reversed(head) if entry.kind is EntryKind.SAID), None)
