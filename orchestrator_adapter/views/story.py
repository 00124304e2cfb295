"""A task's log as a story that can be opened at any event: moments are kept every few hundred events."""

from __future__ import annotations

import bisect
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from data.domain import transcript_story
from data.domain.errors import InvalidField
from data.domain.events import MessageMetered
from data.domain.flow import Flow
from data.domain.replay import Copy, Moment, counted_before
from data.store import Board, Recorded, Store, telemetry
from orchestrator_adapter.views import happenings

EVERY = 100
"""Events between two kept moments: folding so many takes a few milliseconds."""
STRETCH = 2_000
MOST = 8
"""Stories that are kept; one of 50,000 events takes about 5 MB."""
LAST_LINES = 6


@dataclass(frozen=True)
class Line:
    """Something that happened, as a person reads it."""

    id: int
    at: datetime
    agent: str
    role: str
    kind: str
    words: str


@dataclass(frozen=True)
class Opened:
    """The story at one event."""

    number: int
    """How many events lie behind, this one included."""
    id: int
    at: datetime
    moment: Moment
    lines: tuple[Line, ...]
    """The last things worth telling, this one last."""

    @property
    def cost_nanousd(self) -> int:
        return self.moment.task.cost_nanousd if self.moment.task else 0


@dataclass
class Story:
    """Where the events of one task lie; grows with its log."""

    task_id: str
    ids: array[int] = field(default_factory=lambda: array("q"))
    at_ms: array[int] = field(default_factory=lambda: array("q"))
    reached_ms: array[int] = field(default_factory=lambda: array("q"))
    """The latest time up to each event: what was imported may lie in the log in another order."""
    told: array[int] = field(default_factory=lambda: array("q"))
    """Of the events those that are worth a line."""
    copies: dict[int, Copy] = field(default_factory=dict)
    """By event: the smaller copy of the same model reply that was counted before."""
    flow: Flow = field(default_factory=Flow)
    _kept: list[Moment] = field(default_factory=lambda: [Moment()])
    _last: Moment = field(default_factory=Moment)
    _counted: dict[str, dict[str, Copy]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read_on(self, board: Board) -> None:
        """Take in what happened since."""
        with self._lock:
            while stretch := self._behind(board, self.ids[-1] if self.ids else 0, STRETCH):
                for entry in stretch:
                    self._take(entry)

    def of_kinds(self, board: Board, kinds: Iterable[str]) -> list[Recorded]:
        """Its events of these kinds, oldest first."""
        return board.story_of_kinds(kinds, task_id=self.task_id)

    def _behind(self, board: Board, event_id: int, most: int) -> list[Recorded]:
        """The next events, in their order."""
        return board.events(self.task_id, after=event_id, limit=most)

    def _those(self, board: Board, event_ids: list[int]) -> list[Recorded]:
        return board.story_events(event_ids)

    def _take(self, entry: Recorded) -> None:
        before = None
        if isinstance(reply := entry.event, MessageMetered) and (before := self._counted_before(reply)) is not None:
            self.copies[entry.id] = before
        self._last.fold(entry.at, entry.event, before)
        self.flow.take(entry.event)
        self.ids.append(entry.id)
        self.at_ms.append(round(entry.at.timestamp() * 1000))
        self.reached_ms.append(max(self.at_ms[-1], self.reached_ms[-1] if self.reached_ms else 0))
        if happenings.line(entry.event, {}) is not None:
            self.told.append(entry.id)
        if len(self.ids) % EVERY == 0:
            self._kept.append(self._last.copy())

    def _counted_before(self, reply: MessageMetered) -> Copy | None:
        """What this reply takes the place of; from now on it is this one that is counted."""
        copies = self._counted.setdefault(reply.message_id, {})
        before = counted_before(copies, reply.request_id)
        request = next((key for key, copy in copies.items() if copy is before), reply.request_id)
        copies.pop(request, None)
        copies[reply.request_id or request] = (reply.tokens, reply.cost_nanousd, reply.agent_id)
        if before is not None:
            return (before[0], before[1], reply.agent_id)
        return self._told_by_telemetry(reply)

    def _told_by_telemetry(self, reply: MessageMetered) -> Copy | None:
        """Telemetry's copy of it gives way; that may have been counted for another agent."""
        if not reply.request_id or reply.message_id.startswith(telemetry.PREFIX):
            return None
        return self._counted.pop(telemetry.message_id(reply.request_id), {}).get(reply.request_id)

    def open(self, board: Board, number: int) -> Opened:
        """How it stood after so many events, from 1 to all of them."""
        number = max(1, min(number, len(self.ids)))
        kept = (number - 1) // EVERY
        moment, behind = self._kept[kept].copy(), kept * EVERY
        after = self.ids[behind - 1] if behind else 0
        for entry in self._behind(board, after, number - behind):
            moment.fold(entry.at, entry.event, self.copies.get(entry.id))
        event_id = self.ids[number - 1]
        return Opened(number, event_id, self.when(number), moment, self._lines(board, event_id, moment))

    def now(self) -> Moment:
        """How it stands after all of them."""
        with self._lock:
            return self._last.copy()

    def _lines(self, board: Board, event_id: int, moment: Moment) -> tuple[Line, ...]:
        last = bisect.bisect_right(self.told, event_id)
        out = []
        for entry in self._those(board, list(self.told[max(0, last - LAST_LINES) : last])):
            if (line := happenings.line(entry.event, moment.agents)) is not None:
                out.append(Line(entry.id, entry.at, **line))
        return tuple(out)

    def when(self, number: int) -> datetime:
        return datetime.fromtimestamp(self.at_ms[number - 1] / 1000, UTC)

    def number_of(self, event_id: int) -> int:
        """How many events lie behind this one, itself included."""
        return max(1, bisect.bisect_right(self.ids, event_id))

    def number_at(self, at: datetime) -> int:
        """The last event that had happened by then."""
        return max(1, bisect.bisect_right(self.reached_ms, round(at.timestamp() * 1000)))

    def next(self, number: int) -> int:
        """The next event worth telling, or the last of all."""
        place = bisect.bisect_right(self.told, self.ids[number - 1])
        return self.number_of(self.told[place]) if place < len(self.told) else len(self.ids)

    def previous(self, number: int) -> int:
        """The event worth telling before this one, or the first of all."""
        place = bisect.bisect_left(self.told, self.ids[number - 1]) - 1
        return self.number_of(self.told[place]) if place >= 0 else 1

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class ReadIn(Story):
    """A session that was read in: its events are made of its transcripts, and their clocks are their numbers."""

    seen: tuple[tuple[str, int | str], ...] = ()
    """By file, version included, how many of its lines they are made of; and where the task and its agents stood."""
    _made: list[Recorded] = field(default_factory=list)

    def read_on(self, board: Board) -> None:
        with self._lock:
            if not self._made:
                self._made = _made(board, self.task_id)
                for entry in self._made:
                    self._take(entry)

    def of_kinds(self, board: Board, kinds: Iterable[str]) -> list[Recorded]:
        wanted = set(kinds)
        return [entry for entry in self._made if entry.event.kind in wanted]

    def _behind(self, board: Board, event_id: int, most: int) -> list[Recorded]:
        return self._made[event_id : event_id + most]

    def _those(self, board: Board, event_ids: list[int]) -> list[Recorded]:
        return [self._made[event_id - 1] for event_id in event_ids]


def _made(board: Board, task_id: str) -> list[Recorded]:
    replies: dict[str, list[tuple[datetime, MessageMetered]]] = {}
    for at, reply in board.story_replies(task_id):
        replies.setdefault(reply.agent_id, []).append((at, reply))
    agents = {agent.id: agent for agent in board.agents_of(task_id)}
    lives = []
    for file in board.transcript_files_of(task_id):
        agent = agents[file.agent_id]
        window = {"context_window": agent.context_window}
        mine = [(at, reply.model_copy(update=window)) for at, reply in replies.get(agent.id, ())]
        lines = board.transcript_lines(agent.id)
        lives.append(transcript_story.Lived(agent, file.session_id, file.depth > 0, lines, mine))
    found = transcript_story.told(board.task(task_id), lives)
    return [Recorded(number, at, event) for number, (at, event) in enumerate(found, 1)]


_stories: OrderedDict[tuple[str, str], Story] = OrderedDict()
_guard = threading.Lock()


def moment(text: str) -> int | datetime:
    """`4711`, the clock of an event, or `2026-03-01T14:05:00Z`."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidField(
            "at is the clock of an event or a time with offset, like 4711 or 2026-03-01T14:05:00Z.", field="at"
        )
    return found


def at(store: Store, board: Board, task_id: str, wanted: str | None) -> tuple[Story, Opened]:
    """The story, opened at a moment that somebody named; at its end if nobody did."""
    told = of(store, board, task_id)
    match moment(wanted) if wanted else None:
        case None:
            number = len(told)
        case int(clock):
            number = told.number_of(clock)
        case time:
            number = told.number_at(time)
    return told, told.open(board, number)


def of(store: Store, board: Board, task_id: str) -> Story:
    """The story of a task up to now; what was read of it before is not read again."""
    key = (str(store.url), task_id)
    seen: tuple[tuple[str, int | str], ...] = tuple(
        (file.id, file.lines) for file in board.transcript_files_of(task_id)
    )
    if seen:
        seen += board.story_states(task_id)
    with _guard:
        story = _stories.get(key)
        if story is None or seen != (story.seen if isinstance(story, ReadIn) else ()):
            story = _stories[key] = ReadIn(task_id, seen=seen) if seen else Story(task_id)
        _stories.move_to_end(key)
        while len(_stories) > MOST:
            _stories.popitem(last=False)
    story.read_on(board)
    return story
