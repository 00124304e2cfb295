"""One agent's conversation, entry by entry: what was said, thought, called and answered, and what happened beside it.

Two sources grow it: `conversation_events` from our own log, `conversation_lines` from the transcripts of Claude Code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from data.domain.money import Tokens

MOST_DEEP = 8
"""Sub-agents within sub-agents beyond this depth are drawn at this depth."""


class EntryKind(StrEnum):
    """What an entry is."""

    PROMPT = "prompt"
    """What the agent was sent."""
    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    """A call of a tool, with its answer once that is there."""
    NOTE = "note"
    """What happened beside the conversation: see `Note`."""


class Note(StrEnum):
    """What a note is about."""

    SESSION = "session"
    COMPACTED = "compacted"
    RETRY = "retry"
    REFUSED = "refused"
    DIAGNOSTIC = "diagnostic"
    TOLD = "told"
    """A person's message to the agent at work."""
    APPROVAL = "approval"
    SUBAGENT = "subagent"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Content:
    """What an entry says: here, or in a blob of the store."""

    text: str = ""
    blob: str = ""

    def __bool__(self) -> bool:
        return bool(self.text or self.blob)


NOTHING = Content()


@dataclass(frozen=True, slots=True)
class Change:
    """What a call did to a file."""

    path: str
    change: str
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the conversation."""

    key: str
    """Never changes, so that links to it hold: the id of the event, or of the transcript's line and block."""
    rev: int
    """The clock, or the number of the line, that changed it last."""
    kind: EntryKind
    at: datetime | None = None
    words: str = ""
    """What it is in one line; of a tool call what it does."""
    content: Content = NOTHING
    """The whole of it; of a tool call what went in, as JSON."""
    about: Note | None = None
    tool: str = ""
    tool_use_id: str = ""
    output: Content | None = None
    """What the tool answered; None: nothing yet."""
    failed: bool = False
    ended_at: datetime | None = None
    """When the tool answered, the person did, or the message was read."""
    message_id: str = ""
    """The model's reply that it is a part of."""
    parent: str = ""
    """Of what a sub-agent does: the key of the call that started it, or its own id until that call is known."""
    changes: tuple[Change, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long a tool took, or a person."""
        if self.at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.at).total_seconds())


@dataclass(frozen=True, slots=True)
class Reply:
    """What one reply of the model used; its sums if it was billed more than once."""

    message_id: str
    model: str
    tokens: Tokens
    cost_nanousd: int | None
    """None: no price is known for the model."""

    def __add__(self, other: Reply) -> Reply:
        costs = [cost for cost in (self.cost_nanousd, other.cost_nanousd) if cost is not None]
        return replace(self, tokens=self.tokens + other.tokens, cost_nanousd=sum(costs) if costs else None)


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry in the order in which people read: what a sub-agent did stands under the call that started it."""

    entry: Entry
    depth: int
    leads: bool
    """Whether it is the first of its reply: the one beside which stands what the reply cost."""


@dataclass
class Conversation:
    """Grows entry by entry; what it holds at one time is read by `placed`."""

    entries: dict[str, Entry] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    """Key of the entry by the id of the tool call."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Key of the entry that an event or line belongs to which has none of its own."""
    parents: dict[str, str] = field(default_factory=dict)
    """Key of the call that started a sub-agent, by the id of the sub-agent."""
    leads: dict[str, str] = field(default_factory=dict)
    """Key of the first entry of each reply."""
    replies: dict[str, Reply] = field(default_factory=dict)
    born: dict[str, int] = field(default_factory=dict)
    """What the conversation had grown to when each entry came to its place."""
    rev: int = 0
    """The newest event, or line, that it knows."""
    where: dict[str, int] = field(default_factory=dict)
    """Place of each entry, as of the last `placed`."""
    _order: list[Placed] | None = None
    """None: something has moved, so that it has to be put in order anew."""
    _told: list[Placed] | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, entry: Entry) -> None:
        """Put a new entry at the end; one whose key is there already is not put twice."""
        if entry.key in self.entries:
            return
        self.entries[entry.key] = entry
        self.born[entry.key] = entry.rev
        if entry.tool_use_id and entry.kind is EntryKind.TOOL:
            self.calls.setdefault(entry.tool_use_id, entry.key)
        if entry.message_id:
            self.leads.setdefault(entry.message_id, entry.key)
        if self._order is not None and not entry.parent:
            self.where[entry.key] = len(self._order)
            self._order.append(Placed(entry, 0, self.leads.get(entry.message_id) == entry.key))
        else:
            self._order = None
        self.touch(entry.rev)

    def change(self, key: str, rev: int, **values: Any) -> None:
        """Say more of an entry; nothing for one that is not there."""
        if (known := self.entries.get(key)) is not None:
            changed = self.entries[key] = replace(known, rev=max(rev, known.rev), **values)
            if self._order is not None:
                place = self.where[key]
                self._order[place] = replace(self._order[place], entry=changed)
            self.touch(rev)

    def answered(self, tool_use_id: str, rev: int, at: datetime | None, output: Content, *, failed: bool) -> bool:
        """The answer of a tool; False if its call is not known."""
        key = self.calls.get(tool_use_id)
        if key is None:
            return False
        known = self.entries[key]
        self.change(key, rev, output=output, failed=failed or known.failed, ended_at=at)
        return True

    def metered(self, reply: Reply, rev: int, *, again: bool = False) -> None:
        """What a reply used; `again`: instead of what was known, not beside it."""
        known = self.replies.get(reply.message_id)
        self.replies[reply.message_id] = reply if known is None or again else known + reply
        self.change(self.leads.get(reply.message_id, ""), rev)
        self.touch(rev)

    def adopt(self, subagent: str, key: str, rev: int) -> None:
        """From now on what this sub-agent does stands under this entry."""
        if self.parents.get(subagent) != key:
            self.parents[subagent] = key
            self._order = None
            if any(entry.parent == subagent for entry in self.entries.values()):
                self.born[key] = rev  # what stands behind it has moved
            self.touch(rev)

    def lead(self, message_id: str, key: str) -> None:
        """The first entry of a reply, where the entries do not say of which reply they are."""
        self.leads[message_id] = key
        self._order = None

    def touch(self, rev: int) -> None:
        self.rev = max(self.rev, rev)
        self._told = None

    def find(self, key: str) -> Entry | None:
        """The entry of a link, which may also name a tool call, or an event or line that belongs to an entry."""
        own = self.aliases.get(key) or self.calls.get(key, "")
        return self.entries.get(key) or self.entries.get(own)

    def placed(self) -> list[Placed]:
        """Every entry in the order in which people read; what is given stays as it is while the conversation grows."""
        if self._order is None:
            self._order = list(self._walk())
            self.where = {one.entry.key: place for place, one in enumerate(self._order)}
            self._told = None
        if self._told is None:
            self._told = list(self._order)
        return self._told

    def _walk(self) -> Iterable[Placed]:
        under: dict[str, list[Entry]] = {}
        first = set(self.leads.values())
        top: list[Entry] = []
        for entry in self.entries.values():
            parent = self.parent_of(entry)
            (under.setdefault(parent, []) if parent and parent != entry.key else top).append(entry)
        stack = [(entry, 0) for entry in reversed(top)]
        seen: set[str] = set()
        while stack:
            entry, depth = stack.pop()
            if entry.key in seen:
                continue
            seen.add(entry.key)
            yield Placed(entry, min(depth, MOST_DEEP), entry.key in first)
            stack += [(child, depth + 1) for child in reversed(under.get(entry.key, ()))]
        # what goes round in a circle is nobody's child: it stands at the end rather than nowhere
        yield from (Placed(e, 0, e.key in first) for e in self.entries.values() if e.key not in seen)

    def parent_of(self, entry: Entry) -> str:
        """Key of the call under which an entry stands; empty if under none that is known."""
        parent = self.parents.get(entry.parent, entry.parent)
        return parent if parent in self.entries else ""


def replies(found: Iterable[Reply]) -> dict[str, Reply]:
    """Replies by the id of their message."""
    out: dict[str, Reply] = {}
    for reply in found:
        out[reply.message_id] = out[reply.message_id] + reply if reply.message_id in out else reply
    return out
