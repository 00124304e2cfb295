"""The log of an agent that was read in from a transcript: its conversation, as actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from data.domain.conversation import Entry, EntryKind, Note
from data.domain.log_entries import MOST_WORDS, LogEntry, Outcome
from data.domain.log_entries import EntryKind as ActionKind
from data.domain.words import count, shortened

ANSWER = 200
"""Characters of an answer that stand in a list."""
_NOTES = {Note.RETRY: ActionKind.RETRY, Note.REFUSED: ActionKind.REFUSED, Note.DIAGNOSTIC: ActionKind.NOTICE}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def actions(agent_id: str, talk: Iterable[Entry]) -> list[LogEntry]:
    """Every action in the order in which they began.

    A number is the time of the action in microseconds, so that it stays the same while the transcript grows; of several
    in one millisecond each has the next.
    """
    out: list[LogEntry] = []
    at, last = _BEGINNING, 0
    timed = []
    for entry in talk:
        at = entry.at or at
        timed.append((at, entry))
    for at, entry in sorted(timed, key=lambda pair: pair[0]):
        last = max(last + 1, round(at.timestamp() * 1000) * 1000)
        out.append(_action(last, agent_id, at, entry))
    return out


def _action(number: int, agent_id: str, at: datetime, entry: Entry) -> LogEntry:
    own = bool(entry.parent)
    match entry.kind:
        case EntryKind.TOOL:
            return _call(number, agent_id, at, entry)
        case EntryKind.TEXT | EntryKind.THINKING:
            verb = "wrote" if entry.kind is EntryKind.TEXT else "thought for"
            kind, words = ActionKind.SAID, f"{verb} {count(len(entry.content.text), 'character')}"
        case EntryKind.PROMPT:
            kind, words = ActionKind.MOVED, f"asked: {entry.content.text}"
        case EntryKind.NOTE:
            kind, words = _NOTES.get(entry.about or Note.SESSION, ActionKind.MOVED), entry.words
    outcome = Outcome.FAILED if entry.failed or kind is ActionKind.RETRY else Outcome.OK
    said = shortened(words, MOST_WORDS)
    text = entry.content.text
    return LogEntry(number, agent_id, at, kind, said, outcome, key=entry.key, output_text=text, subagent=own)


def _call(number: int, agent_id: str, at: datetime, entry: Entry) -> LogEntry:
    outcome = Outcome.FAILED if entry.failed else Outcome.OK
    if entry.output is None:
        outcome = Outcome.UNFINISHED
    elif entry.about is Note.REFUSED:
        outcome = Outcome.REFUSED
    answer = entry.output.text if entry.output else ""
    words = ("sub-agent: " if entry.parent else "") + (entry.words or entry.tool)
    return LogEntry(
        number,
        agent_id,
        at,
        ActionKind.CALL,
        shortened(words, MOST_WORDS),
        outcome,
        entry.tool,
        entry.tool_use_id or entry.key,
        ended_at=entry.ended_at,
        answer=shortened(answer, ANSWER),
        files=tuple((change.path, change.change) for change in entry.changes),
        input_text=entry.content.text,
        output_text=answer,
        subagent=bool(entry.parent),
    )
