"""Lets the index follow the log: what happens can be found within a second.

In small transactions of its own rather than in those of the events: putting an answer of a tool into the index takes
longer than appending the event. A store that was never indexed is caught up with in the same way.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
import structlog

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.errors import StoreUnavailable
from data.domain.search import Kind
from data.domain.search_lines import pieces, time_of
from data.domain.tasks import TaskStatus
from data.store import tables as t
from data.store import tables_history as h
from data.store.ledger import Recorded
from data.store.look import recorded
from data.store.search_index import (
    EVENTS,
    Labels,
    Prepared,
    Text,
    contents,
    insert,
    labels_of,
    line_place,
    position,
    positions,
    prepared,
    readable,
    set_positions,
)
from data.store.store import Store
from data.store.tables_search import search_progress
from data.store.transcripts import Transcripts

GATHER_S = 0.3
"""How long happenings are gathered; so long, and what it takes to index them, the index is behind."""
AWAY_S = 1.0
STRETCH = 2_000
"""Events that are looked at in one go."""
AT_ONCE = 25
"""Contents that are unpacked at once."""
MOST_CHARS = 500_000
"""Characters that are indexed in one transaction, so that nobody waits long for the writer's lock."""
FLOOD = 500
"""Events a second that are more than a fleet says by itself: whoever brings so many goes first."""
REST = 4
"""In a flood others get the store for so many times as long as a stretch took, and the index is behind until later."""
log = structlog.get_logger("search")

Files = set[tuple[str, str]]
"""Agents and the files of theirs that can be found already: an agent reads the same file again and again."""
MOST_FILES = 100_000

_WATCHED = (
    "task_submitted",
    "task_planned",
    "task_moved",
    "session_imported",
    "transcript_read",
    "prompted",
    "said",
    "tool_called",
    "tool_returned",
    "tool_refused",
    "file_touched",
    "retry_scheduled",
    "step_retried",
    "agent_moved",
    "agent_told",
    "approval_asked",
    "approval_answered",
    "alert_raised",
    "diagnostic",
)
"""Kinds of events that bring text."""


def _told(event: e.Event) -> tuple[Kind, str, str, str] | None:
    """Kind, text, tool and blob of what an event brings; the text is empty if it lies in the blob."""
    match event:
        case e.TaskSubmitted(description=text) | e.SessionImported(description=text):
            return Kind.DESCRIPTION, text, "", ""
        case e.TaskMoved(to=TaskStatus.COMPLETED, result=str(text)):
            return Kind.RESULT, text, "", ""
        case e.TaskMoved(to=TaskStatus.FAILED | TaskStatus.CANCELLED, why=text):
            return Kind.ERROR, text, "", ""
        case e.Prompted(blob=blob):
            return Kind.PROMPT, "", "", blob
        case e.Said(block=block, blob=blob):
            return Kind.TEXT if block == "text" else Kind.THINKING, "", "", blob
        case e.ToolCalled(tool=tool, input_blob=blob):
            return Kind.INPUT, "", tool, blob
        case e.ToolReturned(tool=tool, output_blob=blob):
            return Kind.OUTPUT, "", tool, blob
        case e.FileTouched(path=path):
            return Kind.FILE, path, "", ""
        case e.AgentTold(words=text):
            return Kind.TOLD, text, "", ""
        case _:
            logged = _logged(event)
            return (Kind.LOG, *logged, "") if logged else None


def _logged(event: e.Event) -> tuple[str, str] | None:
    """What an event says beside the conversation, and about which tool."""
    match event:
        case e.TaskPlanned(rationale=text) | e.Diagnostic(words=text) | e.AlertRaised(words=text):
            return text, ""
        case e.ToolRefused(tool=tool, words=text):
            return f"{tool} was not permitted: {text}", tool
        case e.RetryScheduled(error=text) | e.StepRetried(why=text):
            return text, ""
        case e.AgentMoved(to=AgentStatus.FAILED | AgentStatus.CANCELLED, why=text):
            return text, ""
        case e.ApprovalAsked(tool=tool, words=words, why=why):
            return f"{words}: {why}", tool
        case e.ApprovalAnswered(reason=text):
            return text, ""
        case _:
            return None


def catch_up(store: Store, files: Files | None = None, stretch: int = STRETCH, most_chars: int = MOST_CHARS) -> bool:
    """Index one stretch of the log; whether there is more to do."""
    with store.read() as board:
        db, clock = board.connection, board.clock()
        after = position(db)
        if after >= clock:
            return False
        c, end = t.events.c, min(after + stretch, clock)
        query = sa.select(t.events).where(c.id > after, c.id <= end, c.kind.in_(_WATCHED)).order_by(c.id)
        entries = [recorded(row) for row in db.execute(query).mappings()]
        found = Gathering(db, most_chars, set() if files is None else files)
        upto = found.gather([entry for entry in entries if entry.event.task_id], end)
    return _write(store, after, upto, found) and upto < clock


def settled(store: Store, within_s: float) -> bool:
    """Catch up with the log as long as that takes no longer; whether everything can be found then."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not catch_up(store):
            with store.read() as board:
                if not board.search_indexed().behind:
                    return True
    return False


class Gathering:
    """What a stretch of the log brings, up to a number of characters."""

    def __init__(self, db: sa.Connection, most_chars: int, files: Files) -> None:
        self._db, self._most_chars, self._files = db, most_chars, files
        self._labels: dict[tuple[str, str | None], Labels] = {}
        self._sqlite = db.dialect.name == "sqlite"
        self.texts: list[tuple[Labels, Prepared]] = []
        self.lines: dict[str, int] = {}
        """Up to which of its lines a transcript is in the index, by its file."""
        self._chars = 0

    def gather(self, entries: Sequence[Recorded], end: int) -> int:
        """The event up to which it went."""
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            told = {entry.id: found for entry in some if (found := _told(entry.event))}
            kept = contents(self._db, [blob for _, _, _, blob in told.values() if blob])
            read = {entry.event.agent_id for entry in some if isinstance(entry.event, e.TranscriptRead)}
            waiting = _waiting(self._db, read) if read else set()
            self._labels |= labels_of(self._db, {_whose(entry.event) for entry in some})
            for entry in some:
                if self._chars >= self._most_chars:
                    return entry.id - 1
                if isinstance(entry.event, e.TranscriptRead):
                    if entry.event.agent_id in waiting and not self._transcript(entry.event):
                        return entry.id - 1
                elif entry.id in told:
                    kind, words, tool, blob = told[entry.id]
                    words = readable(kind, kept.get(blob, b"")) if blob else words
                    self._add(_whose(entry.event), Text(str(entry.id), entry.at, kind, words, tool, blob))
        return end

    def _add(self, whose: tuple[str, str | None], text: Text) -> None:
        file = (whose[1] or whose[0], text.text) if text.kind is Kind.FILE else None
        if not text.text.strip() or file in self._files:
            return
        if file:
            self._files.add(file)
        made = prepared(text, sqlite=self._sqlite)
        self._chars += made.size
        self.texts.append((self._labels[whose], made))

    def _transcript(self, event: e.TranscriptRead) -> bool:
        """What is new in the transcript of an agent; False if there is more of it than fits."""
        board = Transcripts(self._db)
        file = board.transcript_file(event.agent_id)
        if file is None:
            return True
        done = self.lines.get(file.id, position(self._db, file.id))
        last = file.read_at
        for line in board.transcript_lines(event.agent_id, done + 1, version=file.version):
            value = line.value()
            last = time_of(value) or last
            for place, piece in enumerate(pieces(line.number, value)):
                where = line_place(file.version, line.number, place)
                self._add(_whose(event), Text(piece.key, last, piece.kind, piece.text, piece.tool, where))
            self.lines[file.id] = line.number
            if self._chars >= self._most_chars and line.number < file.lines:
                return False
        return True


def _waiting(db: sa.Connection, agents: set[str]) -> set[str]:
    """Agents with lines that are not in the index: an import puts them there itself."""
    c, p = h.transcript_files.c, search_progress.c
    query = sa.select(c.agent_id).outerjoin(search_progress, p.name == c.id)
    query = query.where(c.agent_id.in_(agents), c.lines > sa.func.coalesce(p.event_id, 0))
    return set(db.execute(query).scalars())


def _whose(event: e.Event) -> tuple[str, str | None]:
    return event.task_id, getattr(event, "agent_id", None)


def _write(store: Store, after: int, upto: int, found: Gathering) -> bool:
    """False if another process is at it, in which case nothing is written."""
    with store.write() as ledger:
        db = ledger.connection
        before = positions(db, [EVENTS, *found.lines])
        if before.get(EVENTS, 0) != after or any(line <= before.get(name, 0) for name, line in found.lines.items()):
            return False
        insert(db, found.texts)
        set_positions(db, {EVENTS: upto, **found.lines})
    return True


def rest_s(took_s: float, more: bool, events: int, in_s: float) -> float:
    """How long others get the store after a stretch, when so many events came in so many seconds.

    >>> rest_s(0.1, True, 100, 1), rest_s(0.1, False, 100, 1), rest_s(0.1, False, 2_000, 1)
    (0.1, 0.0, 0.4)
    """
    if events > FLOOD * in_s:
        return took_s * REST
    return took_s if more else 0.0


class Indexer:
    """A thread that lets the index follow: soon after a commit, and little by little where there is much to do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._news = threading.Event()
        self._ended = threading.Event()
        self._files: Files = set()
        self._position = 0
        self._seen = (-math.inf, 0)
        """When the log was looked at last, and how long it was."""
        self._deaf: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="search-index", daemon=True)

    def start(self) -> None:
        self._deaf = self._store.listen(lambda _clock, _news: self._news.set())
        self._news.set()
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._news.set()
        if self._deaf is not None:
            self._deaf()
            self._deaf = None
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while self._news.wait() and not self._ended.wait(GATHER_S):
            self._news.clear()
            try:
                self._follow()
            except StoreUnavailable as away:
                log.warning("index_waits", reason=str(away))
                self._again()
            except Exception:  # the boundary of the thread: one text that cannot be read must not end it for good
                log.exception("index_failed")
                self._again()

    def _again(self) -> None:
        self._files.clear()
        self._ended.wait(AWAY_S)
        self._news.set()

    def _follow(self) -> None:
        """As far as the log goes; others get the store for as long as each stretch took."""
        more = True
        while more and not self._ended.is_set():
            begun = time.monotonic()
            with self._store.read() as board:
                clock = board.clock()
                before, self._position = self._position, position(board.connection)
            if len(self._files) > MOST_FILES or self._position < before:  # somebody had the index built anew
                self._files.clear()
            more = catch_up(self._store, self._files)
            took, (seen_at, seen) = time.monotonic() - begun, self._seen
            self._seen = (begun, clock)
            self._ended.wait(rest_s(took, more, clock - seen, begun - seen_at))
