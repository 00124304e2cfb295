"""The road by which transcripts come in: one event for each file and pass, with everything it counts beside it.

An event for each reply would take minutes for what a person has on the disk. So the lines, replies and files of a pass
are written in bulk, and its one event, in the same transaction, carries their sums for the rows of task and agent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import zstandard

from data.domain.agents import FileChange, Runtime
from data.domain.history_events import SessionImported, TranscriptRead
from data.domain.money import Tokens
from data.domain.transcript_costs import Cost
from data.domain.transcript_lines import Reply
from data.domain.transcripts import TranscriptFile, TranscriptState
from data.store import search_index, transcripts
from data.store import tables as t
from data.store import tables_history as h
from data.store.ledger import Ledger
from data.store.rows import ms, token_columns, tokens
from data.store.search_index import Labels, Prepared

CHUNK = 256 * 1024
"""Bytes of lines that are packed together; a longer line has a chunk of its own."""
_SMALL = CHUNK // 4
_AT_ONCE = 500

# built once, for it takes longer than running them
_FILE = sa.select(h.transcript_files).where(h.transcript_files.c.id == sa.bindparam("file_id"))
_TASK = sa.select(t.tasks.c.deleted_at_ms).where(t.tasks.c.id == sa.bindparam("the_task"))
_KNOWN = sa.select(t.messages).where(t.messages.c.message_id.in_(sa.bindparam("ids", expanding=True)))
_TOUCHED = sa.select(t.files.c.path, t.files.c.change).where(t.files.c.agent_id == sa.bindparam("agent"))
_CHUNKS = sa.select(h.transcript_chunks).where(h.transcript_chunks.c.file_id == sa.bindparam("file"))
_LAST_CHUNK = _CHUNKS.order_by(h.transcript_chunks.c.first_line.desc()).limit(1)
_NEW_FILE, _NEW_CHUNKS, _NEW_MESSAGES = (
    sa.insert(h.transcript_files),
    sa.insert(h.transcript_chunks),
    sa.insert(t.messages),
)
Touched = dict[tuple[str, FileChange], tuple[int, int]]
"""Lines added and removed, by path and change."""


@dataclass(frozen=True)
class Chunk:
    """Whole lines that lie together, as they were and packed."""

    first_line: int
    lines: int
    start: int
    size: int
    sha256: str
    content: bytes


def pack(raw: bytes, first_line: int, lines: int, start: int) -> Chunk:
    """Pack whole lines; done before the transaction, for it takes the most time."""
    packed = zstandard.ZstdCompressor(level=3).compress(raw)
    return Chunk(first_line, lines, start, len(raw), hashlib.sha256(raw).hexdigest(), packed)


@dataclass(frozen=True)
class Reading:
    """What one pass found in the next part of a file."""

    file: TranscriptFile
    """As it stands after this pass, faults and undated replies of this pass alone."""
    start: int
    """Where the pass began; if somebody else has read on meanwhile, nothing is taken."""
    path_key: str
    mtime_ns: int
    head_sha256: str
    tail_sha256: str
    session: SessionImported
    read: TranscriptRead
    """With everything but what depends on the replies that are known already."""
    replies: Sequence[tuple[Reply, Cost]] = ()
    chunks: Sequence[Chunk] = ()
    touched: Touched = field(default_factory=dict)
    faults: Sequence[tuple[int, int, str]] = ()
    """Line, offset and reason."""
    texts: Sequence[Prepared] = ()
    """What can be found."""


@dataclass(frozen=True)
class Taken:
    """What became of a reading."""

    replies: int
    known: int
    """Replies that stand under another agent already, as in a fork; they are counted there."""
    nanousd: int
    unpriced: int


def path_key(path: bytes) -> str:
    return hashlib.sha256(path).hexdigest()


def take(ledger: Ledger, reading: Reading) -> Taken | None:
    """Write one pass down; None if another process has read this part meanwhile."""
    db, file = ledger.connection, reading.file
    known_file = db.execute(_FILE, {"file_id": file.id}).mappings().first()
    if (0 if known_file is None else known_file["offset"]) != reading.start:
        return None
    task = db.execute(_TASK, {"the_task": file.task_id}).first()
    if task is None or task.deleted_at_ms is not None:
        ledger.append(reading.session)
    counted = _Counted(db, file)
    counted.sort_out(reading.replies)
    owed = counted.sums.pop(file.agent_id, _Sums())
    counts = {"replies": owed.replies, "tokens": owed.tokens, "cost_nanousd": owed.nanousd, "unpriced": owed.unpriced}
    rev = ledger.append(reading.read.model_copy(update=counts))
    assert rev is not None
    counted.write(rev)
    for agent_id, sums in counted.sums.items():  # a larger copy of a reply that another agent has
        ledger.append(_more(reading.read, agent_id, counted.tasks[agent_id], sums))
    _write_file(ledger, known_file, reading, counted.forked_from)
    _write_chunks(db, file.id, reading.chunks)
    _write_faults(db, file.id, reading.faults)
    _write_touched(db, file, reading.touched)
    return Taken(owed.replies, counted.known, owed.nanousd, owed.unpriced)


def index(ledger: Ledger, readings: Sequence[Reading]) -> None:
    """Make what was taken found at once; a file whose lines before are not, is followed to its end by the index."""
    db = ledger.connection
    known = search_index.positions(db, {reading.file.id for reading in readings})
    labels = search_index.labels_of(db, {(reading.file.task_id, reading.file.agent_id) for reading in readings})
    texts: list[tuple[Labels, Prepared]] = []
    for reading in readings:
        file = reading.file
        if known.get(file.id, 0) == file.lines - reading.read.lines:
            known[file.id] = file.lines
            texts += [(labels[file.task_id, file.agent_id], text) for text in reading.texts]
    search_index.insert(db, texts)
    search_index.set_positions(db, known)


@dataclass
class _Sums:
    replies: int = 0
    tokens: Tokens = Tokens()
    nanousd: int = 0
    unpriced: int = 0


class _Counted:
    """Tells replies that are new from those that were counted before."""

    def __init__(self, db: sa.Connection, file: TranscriptFile) -> None:
        self._db, self._file = db, file
        self._new: list[dict[str, Any]] = []
        self._grown: list[dict[str, Any]] = []
        self.sums: dict[str, _Sums] = {}
        self.tasks: dict[str, str] = {}
        self.known = 0
        self.forked_from: str | None = None

    def sort_out(self, found: Sequence[tuple[Reply, Cost]]) -> None:
        before = self._before({reply.message_id for reply, _ in found})
        last_ms = ms(self._file.read_at)
        for number, (reply, cost) in enumerate(found):
            last_ms = last_ms if reply.at_ms is None else reply.at_ms
            copies = before.get(reply.message_id, [])
            ours = next((c for c in copies if c["request_id"] == reply.request_id), None)
            if any(not copy["imported"] for copy in copies):  # our own agent's: counted when it was said
                self.known += 1
            elif ours is None:
                self._add(reply, cost, last_ms)
            else:
                self._again(reply, cost, ours, first=number == 0)

    def _before(self, ids: set[str]) -> dict[str, list[sa.RowMapping]]:
        out: dict[str, list[sa.RowMapping]] = {}
        for some in _stretches(sorted(ids)):
            for row in self._db.execute(_KNOWN, {"ids": some}).mappings():
                out.setdefault(row["message_id"], []).append(row)
        return out

    def _add(self, reply: Reply, cost: Cost, at_ms: int) -> None:
        sums = self.sums.setdefault(self._file.agent_id, _Sums())
        sums.replies += 1
        sums.tokens += reply.tokens
        sums.nanousd += cost.nanousd or 0
        sums.unpriced += cost.nanousd is None
        self._new.append(
            {
                "message_id": reply.message_id,
                "request_id": reply.request_id,
                "task_id": self._file.task_id,
                "agent_id": self._file.agent_id,
                "model": reply.model,
                "at_ms": at_ms,
                **token_columns(reply.tokens),
                "cost_nanousd": cost.nanousd,
                "simulated": False,
                "subagent": reply.subagent,
                "imported": True,
                "undated": reply.at_ms is None,
                "web_searches": reply.web_searches,
            }
        )

    def _again(self, reply: Reply, cost: Cost, row: sa.RowMapping, *, first: bool) -> None:
        """A copy of a reply that was counted: the larger one counts, for the agent that had it first."""
        owner = row["agent_id"]
        if owner != self._file.agent_id:
            self.known += 1
            self.forked_from = owner if first else self.forked_from
        had = tokens(row)
        if (reply.tokens.output, reply.tokens.total) <= (had.output, had.total):
            return
        self.tasks[owner] = row["task_id"]
        sums = self.sums.setdefault(owner, _Sums())
        sums.tokens += reply.tokens - had
        sums.nanousd += (cost.nanousd or 0) - (row["cost_nanousd"] or 0)
        sums.unpriced += (cost.nanousd is None) - (row["cost_nanousd"] is None)
        keys = {"the_message": reply.message_id, "the_request": reply.request_id}
        self._grown.append(keys | token_columns(reply.tokens) | {"cost_nanousd": cost.nanousd, "model": reply.model})

    def write(self, rev: int) -> None:
        if self._new:
            self._db.execute(_NEW_MESSAGES, [row | {"rev": rev} for row in self._new])
        c = t.messages.c
        for values in self._grown:
            where = (c.message_id == values.pop("the_message")) & (c.request_id == values.pop("the_request"))
            self._db.execute(sa.update(t.messages).where(where).values(**values, rev=rev))


def _more(read: TranscriptRead, agent_id: str, task_id: str, sums: _Sums) -> TranscriptRead:
    return TranscriptRead(
        task_id=task_id,
        agent_id=agent_id,
        session_id=read.session_id,
        path=read.path,
        name=read.name,
        role=read.role,
        model=read.model,
        tokens=sums.tokens,
        cost_nanousd=sums.nanousd,
        unpriced=sums.unpriced,
    )


def _write_file(ledger: Ledger, known: Mapping[Any, Any] | None, reading: Reading, forked_from: str | None) -> None:
    file, c = reading.file, h.transcript_files.c
    values = {
        "path": file.path,
        "path_key": reading.path_key,
        "state": TranscriptState.CURRENT.value,
        "offset": file.offset,
        "lines": file.lines,
        "waiting": file.waiting,
        "mtime_ns": reading.mtime_ns,
        "head_sha256": reading.head_sha256,
        "tail_sha256": reading.tail_sha256,
        "cli_version": file.cli_version,
        "git_branch": file.git_branch,
        "read_at_ms": ms(ledger.now()),
    }
    if known is not None:
        more = {"faults": c.faults + file.faults, "undated": c.undated + file.undated}
        ledger.connection.execute(sa.update(h.transcript_files).where(c.id == file.id).values(**values, **more))
        return
    if file.version > 1:
        older = sa.update(h.transcript_files).where(c.agent_id == file.agent_id, c.version < file.version)
        ledger.connection.execute(older.values(state=TranscriptState.REPLACED.value))
    rest = {
        "id": file.id,
        "agent_id": file.agent_id,
        "task_id": file.task_id,
        "session_id": file.session_id,
        "version": file.version,
        "faults": file.faults,
        "undated": file.undated,
        "parent_agent_id": file.parent_agent_id,
        "tool_use_id": file.tool_use_id,
        "agent_type": file.agent_type,
        "depth": file.depth,
        "forked_from": forked_from,
    }
    ledger.connection.execute(_NEW_FILE, values | rest)


def _write_chunks(db: sa.Connection, file_id: str, chunks: Sequence[Chunk]) -> None:
    """Keep the lines; a small last chunk, as a live session leaves behind, is packed anew with what follows."""
    if not chunks:
        return
    c = h.transcript_chunks.c
    first, rest = chunks[0], list(chunks[1:])
    last = db.execute(_LAST_CHUNK, {"file": file_id}).mappings().first() if first.start else None
    if last is not None and last["size"] < _SMALL and last["size"] + first.size <= CHUNK:
        raw = transcripts.unpacked(last) + zstandard.ZstdDecompressor().decompress(first.content)
        db.execute(sa.delete(h.transcript_chunks).where(c.file_id == file_id, c.first_line == last["first_line"]))
        first = pack(raw, last["first_line"], last["lines"] + first.lines, last["start"])
    db.execute(_NEW_CHUNKS, [{"file_id": file_id, **vars(chunk)} for chunk in (first, *rest)])


def _write_faults(db: sa.Connection, file_id: str, faults: Iterable[tuple[int, int, str]]) -> None:
    found = [{"file_id": file_id, "line": line, "offset": offset, "why": why} for line, offset, why in faults]
    if found:
        db.execute(sa.insert(h.transcript_faults), found)


def _write_touched(db: sa.Connection, file: TranscriptFile, touched: Touched) -> None:
    if not touched:
        return
    c = t.files.c
    known = {(row.path, row.change) for row in db.execute(_TOUCHED, {"agent": file.agent_id})}
    new = []
    for (path, change), (added, removed) in touched.items():
        keys = {"agent_id": file.agent_id, "path": path, "change": change.value}
        if (path, change.value) in known:
            where = (c.agent_id == file.agent_id) & (c.path == path) & (c.change == change.value)
            db.execute(sa.update(t.files).where(where).values(added=c.added + added, removed=c.removed + removed))
        else:
            new.append(keys | {"task_id": file.task_id, "added": added, "removed": removed})
    if new:
        db.execute(sa.insert(t.files), new)


def _stretches(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


@dataclass(frozen=True)
class Seen:
    """What is known of a transcript's file before it is looked at again."""

    file: TranscriptFile
    path_key: str
    mtime_ns: int
    head_sha256: str
    tail_sha256: str
    deleted: bool
    """A person deleted its task here."""


def seen(db: sa.Connection) -> dict[str, Seen]:
    """The newest version of every file that was read, by agent."""
    c = h.transcript_files.c
    query = sa.select(h.transcript_files, t.tasks.c.deleted_at_ms)
    query = query.outerjoin(t.tasks, t.tasks.c.id == c.task_id).order_by(c.version)
    return {
        row["agent_id"]: Seen(
            transcripts.file_of(row),
            row["path_key"],
            row["mtime_ns"],
            row["head_sha256"],
            row["tail_sha256"],
            row["deleted_at_ms"] is not None,
        )
        for row in db.execute(query).mappings()
    }


def our_sessions(db: sa.Connection) -> set[str]:
    """Sessions of agents that ran here, in whatever try: what they did is counted already.

    So are those that another program told of together with what they used; one told of without it is read in.
    """
    c = t.agents.c
    metered = sa.exists().where(t.messages.c.agent_id == c.id, t.messages.c.imported.is_(False))
    ran = c.runtime.not_in([Runtime.IMPORTED.value, Runtime.ATTACHED.value])
    mine = sa.select(c.session_id).where(c.session_id.is_not(None), sa.or_(ran, metered))
    runs = sa.select(t.step_runs.c.session_id).where(t.step_runs.c.session_id.is_not(None))
    out = set(db.execute(mine).scalars()) | set(db.execute(runs).scalars())
    started = sa.select(t.events.c.body).join(t.agents, c.id == t.events.c.agent_id)
    started = started.where(t.events.c.kind == "session_started", ran)
    return out | {json.loads(body)["session_id"] for body in db.execute(started).scalars()}
