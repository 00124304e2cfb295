"""How each event of our own log makes a conversation grow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from data.domain import events as e
from data.domain import words
from data.domain.agents import LIVE, AgentStatus
from data.domain.approvals import ApprovalStatus
from data.domain.conversation import Change, Content, Conversation, Entry, EntryKind, Note, Reply

KINDS = (
    "prompted",
    "said",
    "tool_called",
    "tool_returned",
    "tool_refused",
    "file_touched",
    "message_metered",
    "session_started",
    "context_compacted",
    "retry_scheduled",
    "step_retried",
    "step_continued",
    "subagent_moved",
    "approval_asked",
    "approval_answered",
    "agent_told",
    "agent_heard",
    "agent_moved",
    "diagnostic",
)
"""Kinds of events that a conversation is made of; the others say nothing in it."""
ENTRIES = tuple(
    kind
    for kind in KINDS
    if kind
    not in {
        "tool_returned",
        "tool_refused",
        "file_touched",
        "message_metered",
        "approval_answered",
        "agent_heard",
        "agent_moved",
    }
)
"""Those of which each makes an entry of its own; of the others a few do, too."""
DELEGATES = frozenset({"Task", "Agent"})
"""Tools that start a sub-agent."""
_BLOCKS = {"text": EntryKind.TEXT, "thinking": EntryKind.THINKING}
_ANSWERS = {ApprovalStatus.ALLOWED: "allowed", ApprovalStatus.DENIED: "denied"}

Add = Callable[..., None]


def hear(talk: Conversation, event_id: int, at: datetime, event: e.Event) -> None:
    """Let the conversation grow by one event of its agent; events come in the order of their ids."""
    talk.touch(event_id)

    def add(kind: EntryKind, **values: object) -> None:
        talk.add(Entry(str(event_id), event_id, kind, at, **values))  # type: ignore[arg-type]

    match event:
        case e.Prompted(blob=blob):
            add(EntryKind.PROMPT, content=Content(blob=blob))
        case e.Said(message_id=message, block=block, blob=blob):
            add(_BLOCKS[block], content=Content(blob=blob), message_id=message, parent=_under(talk, event.parent))
        case e.ToolCalled(words=told):
            parent = _under(talk, event.parent or _delegated(talk, event.subagent))
            call = {"tool": event.tool, "tool_use_id": event.tool_use_id, "message_id": event.message_id}
            add(EntryKind.TOOL, words=told, content=Content(blob=event.input_blob), parent=parent, **call)
        case e.ToolReturned(tool_use_id=key, output_blob=blob, is_error=failed):
            if talk.answered(key, event_id, at, Content(blob=blob), failed=failed):
                talk.aliases[str(event_id)] = talk.calls[key]
        case e.FileTouched(tool_use_id=key):
            _touched(talk, event_id, key, Change(event.path, event.change.value, event.added, event.removed))
        case e.MessageMetered(message_id=message):
            _metered(talk, event_id, event, message)
        case e.SubagentMoved(subagent_id=who, to=to, words=told):
            if (event.parent or to == "started") and who not in talk.parents:
                talk.adopt(who, _under(talk, event.parent or _delegated(talk, True)), event_id)
            parent = talk.parents.get(who, "")
            failed = to in ("failed", "stopped")
            said = f"sub-agent {to}" + (f": {told}" if told else "")
            add(EntryKind.NOTE, words=said, about=Note.SUBAGENT, parent=parent, failed=failed)
        case _:
            _noted(talk, event_id, at, event, add)


def _noted(talk: Conversation, event_id: int, at: datetime, event: e.Event, add: Add) -> None:
    """What happens beside the conversation."""

    def note(about: Note, said: str, **values: object) -> None:
        add(EntryKind.NOTE, words=said, about=about, **values)

    match event:
        case e.SessionStarted(model=model):
            note(Note.SESSION, f"session started on {model}")
        case e.ContextCompacted(message_id=message):
            said = compacted(event.before_tokens, event.after_tokens, event.trigger)
            note(Note.COMPACTED, said, message_id=message)
        case e.ToolRefused(tool_use_id=key) if key in talk.calls:
            talk.change(talk.calls[key], event_id, failed=True, about=Note.REFUSED)
            talk.aliases[str(event_id)] = talk.calls[key]
        case e.ToolRefused(tool=tool, words=told):
            note(Note.REFUSED, f"{tool} was not permitted: {told}", failed=True)
        case e.RetryScheduled(attempt=attempt, max_retries=most, delay_ms=delay, status=status, error=error):
            answer = f" ({status or error})" if status or error else ""
            note(Note.RETRY, f"the model service refused{answer}: try {attempt} of {most} in {delay / 1000:.0f} s")
        case e.StepRetried(attempt=attempt, most=most, why=why):
            note(Note.RETRY, f"the step failed: {why}; try {attempt} of {most} follows", failed=True)
        case e.StepContinued(session=session, attempt=attempt):
            how = "it continues its session" if session else "it begins anew"
            note(Note.SESSION, f"its process was gone; {how} (try {attempt})")
        case e.AgentTold(by=by, words=told):
            note(Note.TOLD, f"message from {by}", content=Content(told))
        case e.AgentHeard(told=told_id):
            talk.change(str(told_id), event_id, ended_at=at)
            talk.aliases[str(event_id)] = str(told_id)
        case e.ApprovalAsked(words=told, approval_id=asked):
            note(Note.APPROVAL, f"waits for a person: {told}", tool=event.tool)
            talk.aliases[f"asked:{asked}"] = str(event_id)
        case e.ApprovalAnswered(approval_id=asked, to=to, by=by, reason=reason):
            who = f" by {by}" if by != "clock" else ""
            said = f"{_ANSWERS.get(to, to.value)}{who}" + (f": {reason}" if reason else "")
            _answered(talk, event_id, at, asked, said, denied=to is ApprovalStatus.DENIED)
        case e.AgentMoved(to=to, why=why) if to not in LIVE:
            said = f"agent {to.value}" + (f": {why}" if why else "")
            note(Note.ENDED, said, failed=to is AgentStatus.FAILED)
        case e.Diagnostic(words=told):
            note(Note.DIAGNOSTIC, told.partition("\n")[0][:200], content=Content(told))


def compacted(before: int | None, after: int | None, trigger: str) -> str:
    """`the context was compacted: 155 k tokens became 12 k (by itself)`."""
    how = "by itself" if trigger == "auto" else "as asked for"
    sizes = f": {words.tokens(before)} tokens" if before else ""
    became = f" became {words.tokens(after)}" if before and after else ""
    return f"the context was compacted{sizes}{became} ({how})"


def _answered(talk: Conversation, rev: int, at: datetime, asked: str, said: str, *, denied: bool) -> None:
    key = talk.aliases.get(f"asked:{asked}", "")
    if (entry := talk.entries.get(key)) is not None:
        talk.change(key, rev, words=f"{entry.words} — {said}", ended_at=at, failed=denied)
        talk.aliases[str(rev)] = key


def _under(talk: Conversation, tool_use_id: str) -> str:
    return talk.calls.get(tool_use_id, "")


def _delegated(talk: Conversation, subagent: bool) -> str:
    """The call under which a sub-agent works of which nothing else is known: the last one that is still open."""
    if not subagent:
        return ""
    for entry in reversed(talk.entries.values()):
        if entry.tool in DELEGATES and entry.output is None:
            return entry.tool_use_id
    return ""


def _touched(talk: Conversation, rev: int, tool_use_id: str, change: Change) -> None:
    if (key := talk.calls.get(tool_use_id)) is not None:
        talk.change(key, rev, changes=(*talk.entries[key].changes, change))
        talk.aliases[str(rev)] = key


def _metered(talk: Conversation, rev: int, event: e.MessageMetered, message: str) -> None:
    if message not in talk.leads and not event.subagent:  # an older log: its calls do not say which reply they are of
        key = next(reversed(talk.entries), "")
        if key and talk.entries[key].kind is EntryKind.TOOL and not talk.entries[key].message_id:
            talk.lead(message, key)
            talk.change(key, rev, message_id=message)
    talk.metered(Reply(message, event.model, event.tokens, event.cost_nanousd), rev, again=True)
