"""Conversations as they are read: grown once, kept for the next reader, and cut into windows, hits and Markdown."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.domain import conversation_events, conversation_lines, words
from data.domain.agents import Agent, Runtime
from data.domain.conversation import Content, Conversation, Entry, EntryKind, Placed, Reply, replies
from data.domain.diffs import Edit
from data.domain.errors import MessageNotFound
from data.domain.money import to_usd
from data.domain.transcripts import TranscriptFile
from data.store import Board, Store

KEPT = 6
"""Conversations that are kept grown; each further one is read from the store again."""
GLANCE = 400
"""Events that a first look at a conversation takes in."""
CUT = 12_000
"""Characters of a text that a short answer holds; the whole of it is one question away."""
WHY = 400
"""Characters of what a failed call said."""
PREVIEW = 160
"""Characters of what is folded."""
MOST_HITS = 2_000
_SHOWN = frozenset({EntryKind.PROMPT, EntryKind.TEXT})
"""What is read in full; everything else is folded until somebody opens it."""


@dataclass(frozen=True)
class Talk:
    """One agent's conversation as it was at one clock."""

    clock: int
    placed: Sequence[Placed]
    places: Mapping[str, int]
    """Place of each entry by its key, counted from 0."""
    source: Conversation

    def place(self, key: str) -> int:
        """Where the entry of a link stands; raises MessageNotFound."""
        entry = self.source.find(key)
        if entry is None or entry.key not in self.places:
            raise MessageNotFound(f"There is no message {key[:80]} in this conversation.", key=key[:80])
        return self.places[entry.key]

    def settled(self, since: int) -> int:
        """The place up to which every entry stood at this clock already, where it stands now."""
        born = self.source.born
        return next((place for place, one in enumerate(self.placed) if born[one.entry.key] > since), len(self.placed))

    def reply(self, entry: Entry) -> Reply | None:
        return self.source.replies.get(entry.message_id) if entry.message_id else None


class _Grown:
    """A conversation that grows with its agent's log, or with the transcript it was read from."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.talk = Conversation()
        self.last: Talk | None = None
        self._lines: dict[str, int] = {}
        """Lines of each transcript that it holds."""

    def now(self, board: Board, agent: Agent) -> Talk:
        """As it is at the clock of this board, or later."""
        with self.lock:
            clock = board.clock()
            if self.last is not None and self.last.clock >= clock:
                return self.last
            file = board.transcript_file(agent.id) if agent.runtime is Runtime.IMPORTED else None
            if file is not None:
                self._read_on(board, file, clock)
            else:
                for entry in board.conversation_events(agent.id, self.talk.rev):
                    conversation_events.hear(self.talk, entry.id, entry.at, entry.event)
            self.last = Talk(max(clock, self.talk.rev), self.talk.placed(), self.talk.where, self.talk)
            return self.last

    def _read_on(self, board: Board, own: TranscriptFile, clock: int) -> None:
        """What was read in since: of the agent's own transcript, and of those of the sub-agents it started."""
        others = [file for file in board.transcript_files_of(own.task_id) if file.parent_agent_id == own.agent_id]
        files = [own, *others]
        if any(self._lines.get(file.id, 0) > file.lines for file in files):
            self.talk, self._lines = Conversation(), {}
        grown = [file for file in files if self._lines.get(file.id, 0) < file.lines]
        for file in grown:
            subagent = "" if file is own else file.agent_id
            for line in board.transcript_lines(file.agent_id, first=self._lines.get(file.id, 0) + 1):
                conversation_lines.hear(self.talk, line.number, line.value(), rev=clock, subagent=subagent)
            self._lines[file.id] = file.lines
        for file in others:
            if file.tool_use_id in self.talk.calls:
                self.talk.adopt(file.agent_id, self.talk.calls[file.tool_use_id], clock)
        if grown:
            counted = (message for file in files for message in board.messages(file.agent_id))
            self.talk.replies = replies(
                Reply(one.message_id, one.model, one.tokens, one.cost_nanousd) for one in counted
            )


class Conversations:
    """The conversations that were read last; safe for all threads."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._grown: OrderedDict[tuple[str, str], _Grown] = OrderedDict()

    def of(self, store: Store, board: Board, agent_id: str) -> Talk:
        """The conversation of an agent; raises AgentNotFound."""
        agent = board.agent(agent_id)
        with self._lock:
            key = (str(store.url), agent_id)
            found = self._grown.setdefault(key, _Grown())
            self._grown.move_to_end(key)
            while len(self._grown) > self._most:
                self._grown.popitem(last=False)
        return found.now(board, agent)

    def forget(self) -> None:
        with self._lock:
            self._grown.clear()

    def knows(self, store: Store, agent_id: str) -> bool:
        """Whether the conversation was read before, so that only what is new has to be."""
        with self._lock:
            found = self._grown.get((str(store.url), agent_id))
        return found is not None and found.last is not None


kept = Conversations()
"""Those of this process."""


def glance(board: Board, agent_id: str, *, end: bool) -> tuple[Talk, int]:
    """The beginning or the end of a conversation without the rest of it, and how many entries there are about."""
    found, total = board.conversation_glance(agent_id, GLANCE, end=end)
    talk = Conversation()
    for entry in found:
        conversation_events.hear(talk, entry.id, entry.at, entry.event)
    placed = talk.placed()
    return Talk(talk.rev, placed, talk.where, talk), max(total, len(placed))


def texts(board: Board, contents: Iterable[Content | None]) -> Callable[[Content | None], str]:
    """Gives the text of each of these contents, which are read at once."""
    blobs = [content.blob for content in contents if content is not None and content.blob]
    found = {key: data.decode("utf-8", "replace") for key, data in board.conversation_contents(blobs)}

    def text(content: Content | None) -> str:
        if content is None:
            return ""
        return found.get(content.blob, "") if content.blob else content.text

    return text


def items(board: Board, talk: Talk, places: Iterable[int], *, whole: bool) -> list[dict[str, Any]]:
    """Entries at these places as JSON; short ones leave out what is folded and cut what is long."""
    chosen = [(place, talk.placed[place]) for place in places]
    wanted = (content for _, one in chosen for content in _wanted(one.entry, whole=whole))
    text = texts(board, wanted)
    return [_item(talk, place, one, text, whole=whole) for place, one in chosen]


def _wanted(entry: Entry, *, whole: bool) -> Iterator[Content | None]:
    if entry.kind is not EntryKind.TOOL:
        yield entry.content
    elif whole:
        yield entry.content
        yield entry.output
    elif entry.failed:
        yield entry.output


def _item(talk: Talk, place: int, one: Placed, text: Callable[[Content | None], str], *, whole: bool) -> dict[str, Any]:
    entry = one.entry
    out: dict[str, Any] = {
        "key": entry.key,
        "position": place,
        "depth": one.depth,
        "kind": entry.kind.value,
        "about": entry.about.value if entry.about else None,
        "at": entry.at,
        "ended_at": entry.ended_at,
        "words": entry.words,
        "failed": entry.failed,
        "tool": entry.tool or None,
        "answered": entry.output is not None,
        "message_id": entry.message_id or None,
        "reply": _reply(talk.reply(entry)) if one.leads else None,
        "files": [{"path": c.path, "change": c.change, "added": c.added, "removed": c.removed} for c in entry.changes],
        "text": None,
        "chars": 0,
        "cut": False,
        "input": None,
        "output": None,
        "diff": None,
    }
    if entry.kind is EntryKind.TOOL:
        return out | (_call(entry, text) if whole else _why(entry, text))
    said = text(entry.content)
    most = len(said) if whole else CUT if entry.kind in _SHOWN else PREVIEW
    return out | {"text": said[:most], "chars": len(said), "cut": len(said) > most}


def _call(entry: Entry, text: Callable[[Content | None], str]) -> dict[str, Any]:
    given = parsed(text(entry.content))
    output = None if entry.output is None else text(entry.output)
    return {"input": given, "output": output, "diff": diff(entry.tool, given)}


def _why(entry: Entry, text: Callable[[Content | None], str]) -> dict[str, Any]:
    """Of a call that failed, the beginning of what it said: the first thing that people look for."""
    return {"output": text(entry.output)[:WHY]} if entry.failed and entry.output is not None else {}


def diff(tool: str, given: Any) -> list[str] | None:
    """What a call says that it changes in a file, line by line; None for a call that says no such thing."""
    hunks = Edit("", tool, given if isinstance(given, Mapping) else {}).hunks()
    return [
        line for hunk in hunks for line in (hunk.header, *(sign + text.rstrip("\n") for sign, text in hunk.lines))
    ] or None


def _reply(reply: Reply | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    cost = reply.cost_nanousd
    return {
        "model": reply.model,
        "tokens": reply.tokens.as_dict(),
        "cost_usd": None if cost is None else to_usd(cost),
    }


def parsed(text: str) -> Any:
    """What went into a tool as JSON; as text if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def hits(board: Board, talk: Talk, wanted: str) -> list[int]:
    """Places of the entries that hold these words, in whatever case; in what is folded, too."""
    sought = wanted.casefold()
    found = set()
    by_blob: dict[str, list[int]] = {}
    for place, one in enumerate(talk.placed):
        entry = one.entry
        paths = (change.path for change in entry.changes)
        said = (entry.words, entry.tool, entry.content.text, entry.output.text if entry.output else "", *paths)
        if any(sought in text.casefold() for text in said if text):
            found.add(place)
        for content in (entry.content, entry.output):
            if content is not None and content.blob:
                by_blob.setdefault(content.blob, []).append(place)
    for blob, data in board.conversation_contents(by_blob):
        if sought in data.decode("utf-8", "replace").casefold():
            found.update(by_blob[blob])
    return sorted(found)


def failures(talk: Talk) -> list[int]:
    """Places of what failed."""
    return [place for place, one in enumerate(talk.placed) if one.entry.failed]


# Markdown


def markdown(board: Board, talk: Talk, title: str) -> Iterator[str]:
    """The whole conversation as Markdown, piece by piece."""
    yield f"# {title}\n"
    for start in range(0, len(talk.placed), 200):
        stretch = range(start, min(start + 200, len(talk.placed)))
        entries = [talk.placed[place].entry for place in stretch]
        text = texts(board, (content for entry in entries for content in (entry.content, entry.output)))
        for place in stretch:
            yield "\n" + _marked(talk, talk.placed[place], text)


def _marked(talk: Talk, one: Placed, text: Callable[[Content | None], str]) -> str:
    entry, reply = one.entry, talk.reply(one.entry)
    at = f" · {entry.at:%Y-%m-%d %H:%M:%S} UTC" if entry.at else ""
    spent = f" · {words.tokens(reply.tokens.total)} tokens" if reply and one.leads else ""
    if reply and one.leads and reply.cost_nanousd is not None:
        spent += f" · {words.dollars(reply.cost_nanousd)}"
    within = "Sub-agent · " if one.depth else ""
    match entry.kind:
        case EntryKind.PROMPT:
            return f"## {within}Prompt{at}\n\n{text(entry.content)}\n"
        case EntryKind.TEXT:
            return f"## {within}Agent{at}{spent}\n\n{text(entry.content)}\n"
        case EntryKind.THINKING:
            quoted = "\n".join(f"> {line}" for line in text(entry.content).splitlines())
            return f"### {within}Thinking{at}{spent}\n\n{quoted}\n"
        case EntryKind.TOOL:
            failed = " · failed" if entry.failed else ""
            given = parsed(text(entry.content))
            shown = given if isinstance(given, str) else json.dumps(given, indent=2, ensure_ascii=False)
            answer = fenced(text(entry.output)) if entry.output is not None else "No answer.\n"
            does = f": {entry.words}" if entry.words else ""
            head = f"### {within}{entry.tool or 'Tool'}{does}{at}{spent}{failed}"
            return f"{head}\n\n{fenced(shown, 'json')}\n{answer}"
        case EntryKind.NOTE:
            more = text(entry.content)
            return f"*{entry.words}*{at}\n" + (f"\n{fenced(more)}" if more and more != entry.words else "")


def fenced(text: str, language: str = "") -> str:
    """Text between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"
