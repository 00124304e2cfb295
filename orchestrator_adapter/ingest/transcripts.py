"""Takes transcripts of Claude Code into the store: read-only, by byte offset, each line and each reply once.

Whatever a folder holds, a pass over it does no harm and can be repeated: what was read before is known by the agent it
belongs to, a file that was cut or overwritten is read anew as its next version, and a torn last line waits.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from data.domain.agents import Role
from data.domain.history_events import SessionImported, TranscriptRead
from data.domain.imports import ImportReport
from data.domain.prices import PriceBook, book
from data.domain.search import Kind
from data.domain.texts import storable
from data.domain.transcripts import TranscriptFile, TranscriptState
from data.store import Ledger, Store, imports
from data.store.imports import Reading, Seen
from data.store.rows import ms
from data.store.search_index import Prepared
from orchestrator_adapter.ingest.transcript_files import PIECE, Found, Place, Skip, ends, identified, piece, place_of
from orchestrator_adapter.ingest.transcript_pass import Told
from orchestrator_adapter.ingest.transcript_worker import WORTH_IT, Beside, Here, Job

JUST_BEGUN_MS = 15_000
"""So long an agent that runs here may take to tell which session it has."""
TOGETHER = 64
"""Small files that are written in one transaction."""
MOST_PLACES = 20

OURS = "sessions of agents that ran here or told of themselves, whose cost is counted already"
DELETED = "deleted here; to take them in again, ask for it"
NO_LINE = "empty, or their first line is not whole yet"
JUST_BEGUN = "begun within the last seconds: the next import reads them"
CHANGED = "changed while they were read: the next import reads them"
TWICE = "another file of the same session was read already"

Tell = Callable[[Ledger | None, int, int], None]
"""Hears how many files and bytes are done; the ledger is there while something is written."""


@dataclass(frozen=True)
class _Asked:
    """A job, and what its reading is to become."""

    job: Job
    found: Found
    place: Place
    kept: TranscriptFile
    head_sha256: str
    tail_sha256: str


class Scan:
    """One pass over a folder."""

    def __init__(
        self,
        store: Store,
        *,
        by: str = "import",
        again: bool = False,
        files: set[tuple[str, str]] | None = None,
        worth_it: int = WORTH_IT,
    ) -> None:
        """`again`: take in what was deleted here, too. `files`: agents and paths that earlier passes told of.

        `worth_it`: so many new bytes are read by a process of their own.
        """
        self._files = set() if files is None else files
        self._store, self._by, self._again = store, by, again
        self._book: PriceBook = book()
        self.report = ImportReport()
        self.later: set[str] = set()
        """Paths of files that are to be looked at again though nothing may change in them."""
        self._skipped: dict[str, int] = {}
        self._worth_it = worth_it
        self._asked: deque[_Asked] = deque()
        self._waiting: list[Reading] = []
        self._done_bytes = 0
        with store.read() as board:
            self._agents: dict[str, Seen] = imports.seen(board.connection)
            self._ours = imports.our_sessions(board.connection)
        self._paths = {one.path_key: one for one in self._agents.values()}
        self._tasks = {one.file.task_id for one in self._agents.values()}

    def run(self, files: list[Found], tell: Tell = lambda *_: None) -> ImportReport:
        """Take in what is new."""
        fresh = sum(one.size - (_size(seen) if (seen := self._paths.get(one.key)) else 0) for one in files)
        reader = Beside() if fresh >= self._worth_it else Here()
        try:
            for done, found in enumerate(files, 1):
                for asked, raw in self._jobs(found):
                    reader.begin(asked.job, raw)
                    self._asked.append(asked)
                    while reader.full():
                        self._answered(reader.next(), tell, done)
                tell(None, done, self._done_bytes)
            while self._asked:
                self._answered(reader.next(), tell, len(files))
            self._write(tell, len(files), self._done_bytes)
        finally:
            reader.close()
        return self.report

    def _answered(self, told: Told | None, tell: Tell, done: int) -> None:
        """What the oldest job told, ready to be written down."""
        asked = self._asked.popleft()
        if told is None:
            self._skip(CHANGED)
            return
        self._waiting.append(self._reading(asked, told))
        self._done_bytes += asked.job.size
        if len(self._waiting) >= TOGETHER or self._weight() >= PIECE:
            self._write(tell, done, self._done_bytes)

    def _weight(self) -> int:
        return sum(reading.file.offset - reading.start for reading in self._waiting)

    def _write(self, tell: Tell, done: int, done_bytes: int) -> None:
        if not self._waiting:
            return
        with self._store.write() as ledger:
            taken = [imports.take(ledger, reading) for reading in self._waiting]
            imports.index(ledger, [reading for reading, one in zip(self._waiting, taken, strict=True) if one])
            tell(ledger, done, done_bytes)
        for reading, one in zip(self._waiting, taken, strict=True):
            self._count_taken(reading, one)
        self._waiting = []

    def _count_taken(self, reading: Reading, taken: imports.Taken | None) -> None:
        if taken is None:
            return
        places = [f"{reading.file.path}:{line}: {why}" for line, _, why in reading.faults]
        self._count(
            replies=taken.replies,
            known_replies=taken.known,
            nanousd=taken.nanousd,
            unpriced=taken.unpriced,
            faults=reading.file.faults,
        )
        kept = [*self.report.fault_places, *places][:MOST_PLACES]
        self.report = replace(self.report, fault_places=kept)

    def _count(self, **more: int) -> None:
        self.report = replace(self.report, **{name: getattr(self.report, name) + value for name, value in more.items()})

    def _jobs(self, found: Found) -> Iterator[tuple[_Asked, bytes]]:
        """What is new in one file, piece by piece; nothing for one that is known or skipped."""
        seen = self._paths.get(found.key)
        unchanged = seen is not None and (found.size, found.mtime_ns) == (_size(seen), seen.mtime_ns)
        if seen is not None and unchanged and not (seen.deleted and self._again):
            self._tell_known(seen)
            return
        try:
            with found.path.open("rb") as file:
                yield from self._opened(file, found, seen)
        except OSError as error:
            self._skip(f"cannot be read: {error.strerror or error}")
        except Skip as skip:
            self._skip(str(skip))

    def _tell_known(self, seen: Seen) -> None:
        if seen.deleted:
            self._skip(DELETED)
        else:
            self._count(known=1, waiting=bool(seen.file.waiting))

    def _skip(self, why: str) -> None:
        self._skipped[why] = self._skipped.get(why, 0) + 1
        self.report = replace(self.report, skipped=dict(self._skipped))

    def _opened(self, file: BinaryIO, found: Found, seen: Seen | None) -> Iterator[tuple[_Asked, bytes]]:
        place: Place | None = None
        if seen is not None:
            place = self._continued(file, found, seen)
            file.seek(place.offset)
        raw, waiting = piece(file)
        if place is None:
            place = self._begun(file, found, raw)
            if place.offset:
                file.seek(place.offset)
                raw, waiting = piece(file)
        if not raw and not self._restores(place):
            self._count(known=1, waiting=bool(waiting))
            return
        self._note(place, seen)
        while True:
            asked, place = self._ask(file, found, place, raw, waiting)
            yield asked, raw
            file.seek(place.offset)
            raw, waiting = piece(file)
            if not raw:
                break
        self._count(waiting=bool(waiting))

    def _restores(self, place: Place) -> bool:
        known = self._agents.get(place.agent_id)
        return known is not None and known.deleted

    def _note(self, place: Place, seen: Seen | None) -> None:
        if place.offset or (seen is not None and seen.deleted):
            self._count(grown=1)
            return
        if place.version > 1:
            self._count(grown=1, replaced=1)
            return
        self._count(new=1, subagents=place.depth > 0, sessions=place.task_id not in self._tasks)
        self._tasks.add(place.task_id)

    def _continued(self, file: BinaryIO, found: Found, seen: Seen) -> Place:
        """Where a file that is known goes on: at its offset, or from its beginning if it is not the same any more."""
        if seen.deleted and not self._again:
            raise Skip(DELETED)
        old = seen.file
        place = place_of(old)
        if found.size < old.offset or ends(file, old.offset) != (seen.head_sha256, seen.tail_sha256):
            return replace(place, version=old.version + 1, offset=0, lines=0)
        return place

    def _begun(self, file: BinaryIO, found: Found, raw: bytes) -> Place:
        """Whose transcript a new file is; raises Skip if nobody's, or one that is counted already."""
        if not raw:
            raise Skip(NO_LINE)
        place = identified(found.path, raw)
        if place.session_id in self._ours:
            raise Skip(OURS)
        seen = self._agents.get(place.agent_id)
        if seen is None:
            if place.began_ms is not None and abs(ms(self._store.now()) - place.began_ms) < JUST_BEGUN_MS:
                self.later.add(str(found.path))
                raise Skip(JUST_BEGUN)
            return place
        if seen.deleted and not self._again:
            raise Skip(DELETED)
        known = place_of(seen.file)
        if found.size >= known.offset and ends(file, known.offset) == (seen.head_sha256, seen.tail_sha256):
            return known  # it was moved, or is a copy, which may have more to say
        raise Skip(TWICE)

    def _ask(self, file: BinaryIO, found: Found, place: Place, raw: bytes, waiting: int) -> tuple[_Asked, Place]:
        """What has to be read of a file, and where it goes on after that."""
        after = replace(place, offset=place.offset + len(raw), lines=place.lines + raw.count(b"\n"))
        written_ms = found.mtime_ns // 1_000_000
        kept = TranscriptFile(
            id=place.file_id,
            agent_id=place.agent_id,
            task_id=place.task_id,
            session_id=place.session_id,
            path=storable(os.fsdecode(found.path)),
            version=place.version,
            state=TranscriptState.CURRENT,
            offset=after.offset,
            lines=after.lines,
            faults=0,
            undated=0,
            waiting=waiting,
            parent_agent_id=place.parent,
            tool_use_id=place.tool_use_id,
            agent_type=place.agent_type,
            depth=place.depth,
            forked_from=None,
            cli_version="",
            git_branch="",
            read_at=_at(written_ms),
        )
        head, tail = ends(file, after.offset)
        self._remember(kept, found, head, tail)
        about = (place.lines + 1, place.depth > 0, place.session_id, place.version, written_ms, self._store.sqlite)
        job = Job(os.fsencode(found.path.absolute()), place.offset, len(raw), *about)
        return _Asked(job, found, place, kept, head, tail), after

    def _reading(self, asked: _Asked, told: Told) -> Reading:
        found, place = asked.found, asked.place
        kept = replace(
            asked.kept,
            faults=told.faulty,
            undated=told.undated,
            cli_version=told.version,
            git_branch=told.branch,
        )
        return Reading(
            kept,
            place.offset,
            found.key,
            found.mtime_ns,
            asked.head_sha256,
            asked.tail_sha256,
            self._session(place, told, kept),
            _read(place, told, kept, self._book),
            told.priced,
            told.chunks,
            told.touched,
            told.faults,
            self._once(place.agent_id, told.texts),
        )

    def _once(self, agent_id: str, texts: list[Prepared]) -> list[Prepared]:
        """Without the paths of files that earlier passes told of: an agent reads the same file again and again."""
        paths = {text.words for text in texts if text.kind == Kind.FILE}
        known = {path for path in paths if (agent_id, path) in self._files}
        self._files |= {(agent_id, path) for path in paths}
        return [text for text in texts if text.kind != Kind.FILE or text.words not in known] if known else texts

    def _remember(self, kept: TranscriptFile, found: Found, head: str, tail: str) -> None:
        """So that another file of the same agent, later in this pass, is told from it."""
        seen = Seen(kept, found.key, found.mtime_ns, head, tail, False)
        self._agents[kept.agent_id] = self._paths[found.key] = seen

    def _session(self, place: Place, told: Told, kept: TranscriptFile) -> SessionImported:
        return SessionImported(
            task_id=place.task_id,
            session_id=place.session_id,
            description=_description(place, told) or f"Claude Code session {place.session_id[:8]}",
            working_directory=told.cwd or str(Path(kept.path).parent),
            model=told.model or "unknown",
            began_at=kept.read_at if told.began_ms is None else _at(told.began_ms),
            by=self._by,
        )


def _size(seen: Seen) -> int:
    return seen.file.offset + seen.file.waiting


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _description(place: Place, told: Told) -> str:
    """The session's own title before what the person asked for first."""
    return "\n\n".join(part for part in (told.title, told.prompt) if part)


def _read(place: Place, told: Told, kept: TranscriptFile, prices: PriceBook) -> TranscriptRead:
    main = place.depth == 0
    role = next((role for role in Role if role.value == place.agent_type.lower()), Role.CUSTOM)
    first = place.offset == 0
    return TranscriptRead(
        task_id=place.task_id,
        agent_id=place.agent_id,
        session_id=place.session_id,
        path=kept.path,
        name=place.name or ("Claude Code" if main else place.agent_type or "sub-agent"),
        role=role,
        main=main,
        model=told.model or "unknown",
        lines=told.lines,
        size=kept.offset - place.offset,
        faults=told.faulty,
        errors=told.errors,
        tool_calls=told.tool_calls,
        began_at=None if told.began_ms is None else _at(told.began_ms),
        last_at=None if told.last_ms is None else _at(told.last_ms),
        context_used=told.context_used,
        context_window=prices.context_window(told.model) if told.model else None,
        totals_nanousd=tuple(told.totals_nanousd),
        description=(_description(place, told) or None) if main and (first or told.title) else None,
        result=told.result or None,
    )
