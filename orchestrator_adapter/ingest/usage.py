"""What sessions that hooks tell of have used: read from the new lines of their transcripts, for hooks carry no cost.

A transcript is the first source of money: what telemetry told of the same request gives way to it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import structlog

from data.domain.errors import StoreUnavailable
from data.domain.money import from_usd
from data.store import Store, observed
from data.store.observed import Session
from orchestrator_adapter.ingest.sightings import Sighting
from orchestrator_adapter.runners.metering import Meter

LOOK_S = 0.5
AGAIN_S = (1.0, 5.0)
"""Lines may be written a moment after the hook that tells of them."""
MOST_BYTES = 8 * 2**20
"""Of one file at a time; the rest comes with the next look."""
MOST_KNOWN = 5_000
"""Sessions whose files are remembered."""
_STATE = b'"cost-state"'
_USAGE = b'"usage"'

log = structlog.get_logger("usage")


@dataclass(frozen=True)
class News:
    """What the new lines of one file tell."""

    path: str
    read_to: int
    subagent: str
    """The sub-agent whose file it is; empty for the session's own."""
    lines: list[dict[str, Any]]
    """Those that tell of a reply's usage."""
    total_nanousd: int | None
    """What the session says it cost in all, when it ends."""


def files_of(transcript: str) -> Iterator[tuple[str, str]]:
    """The transcripts of a session, each with the sub-agent that it is of."""
    own = Path(transcript)
    if own.suffix != ".jsonl":
        return
    yield str(own), ""
    for path in sorted((own.with_suffix("") / "subagents").glob("agent-*.jsonl")):
        yield str(path), path.stem.removeprefix("agent-")


def new_lines(path: str, after: int) -> tuple[list[bytes], int]:
    """The whole lines behind an offset, and the offset behind them; a torn last line waits for its rest."""
    try:
        if not Path(path).is_file():  # a pipe of that name would be waited for
            return [], after
        with Path(path).open("rb") as file:
            if file.seek(0, 2) < after:  # it was written anew; replies that were counted are known by their ids
                after = 0
            file.seek(after)
            found = file.read(MOST_BYTES)
            if b"\n" not in found and len(found) == MOST_BYTES:
                return [], _after_line(file, after + len(found)) or after
    except OSError:
        return [], after
    end = found.rfind(b"\n") + 1
    return found[:end].splitlines(), after + end


def _after_line(file: BinaryIO, at: int) -> int:
    """Where the next line begins: one that is longer than what is read at once holds a picture, and no usage.

    0: it has not ended yet.
    """
    while part := file.read(MOST_BYTES):
        if (end := part.find(b"\n")) >= 0:
            return at + end + 1
        at += len(part)
    return 0


def read(session: Session) -> list[News]:
    """What is new in the files of a session."""
    out = []
    for path, subagent in files_of(session.transcript):
        after = session.read_to.get(path, 0)
        lines, read_to = new_lines(path, after)
        if read_to == after:
            continue
        told = [line for raw in lines if (_USAGE in raw or _STATE in raw) and (line := _parsed(raw)) is not None]
        states = [line.get("totalCostUSD") for line in told if line.get("type") == "cost-state"]
        totals = [from_usd(total) for total in states if isinstance(total, int | float)]
        out.append(News(path, read_to, subagent, told, totals[-1] if totals else None))
    return out


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _when(line: dict[str, Any], now: datetime) -> datetime:
    """When a line was written; one that does not say so, or says what cannot be, was written now."""
    try:
        found = datetime.fromisoformat(line["timestamp"])
        return min(found, now) if found.tzinfo else now
    except (KeyError, TypeError, ValueError):
        return now


def count(store: Store, session_id: str) -> bool:
    """Count what is new of a session; whether there was anything."""
    with store.read() as board:
        known = observed.sessions(board.connection, [session_id])[session_id]
    news = [] if known.ours or known.deleted or known.task_status is None else read(known)
    if not news:
        return False
    with store.write(durable=True) as ledger:
        known = observed.sessions(ledger.connection, [session_id])[session_id]
        seen = Sighting(known, {})
        for one in news:
            _tell(seen, one, ledger.now())
        seen.settle()
        for event, when in seen.events:
            ledger.append(event, when)
        observed.save(ledger.connection, [seen.known], ledger.now())
        observed.note_read(ledger.connection, session_id, {**known.read_to, **{one.path: one.read_to for one in news}})
    return True


def _tell(seen: Sighting, news: News, now: datetime) -> None:
    own = seen.known.subagent(news.subagent)
    who = own if news.subagent and own in seen.known.agents else seen.known.agent_id
    if who not in seen.known.agents:
        return
    meter = Meter(seen.ids_of(who))
    for line in news.lines:
        for metered in meter.line(line, subagent=bool(news.subagent) and who != own):
            seen.add(_when(line, now), metered)
            if who == seen.known.agent_id and not news.subagent:
                seen.model(now, metered.model)
    if news.total_nanousd is not None and not (seen.known.told_nanousd or seen.known.metered_nanousd):
        seen.report(now, news.total_nanousd)


class Usage:
    """A thread that reads the transcripts of sessions which told something."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._due: dict[str, list[float]] = {}
        self._files: dict[str, str] = {}
        self._counted: dict[str, list[int]] = {}
        self._bell = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="intake-usage", daemon=True)

    def start(self) -> None:
        """Begin with the sessions that had not ended: lines may have been written while nobody looked."""
        self._thread.start()
        try:
            with self._store.read() as board:
                known = observed.sessions(board.connection, observed.silent(board.connection, self._store.now()))
        except StoreUnavailable:  # their next hook will bring them
            return
        self.look({one.id: one.transcript for one in known.values()})

    def close(self) -> None:
        with self._bell:
            self._open = False
            self._bell.notify()
        self._thread.join(LOOK_S * 4)

    def look(self, transcripts: Mapping[str, str]) -> None:
        """These sessions told something: look into their transcripts soon, and once or twice more."""
        now = self._monotonic()
        with self._bell:
            for session_id, path in transcripts.items():
                self._files[session_id] = path or self._files.get(session_id, "")
                known = self._due.get(session_id)
                soon = min(known[0], now + LOOK_S) if known else now + LOOK_S
                self._due[session_id] = [soon, *(now + LOOK_S + later for later in AGAIN_S)]
            self._bell.notify()

    def _run(self) -> None:
        while self._open:
            for session_id in self._next():
                try:
                    self._count(session_id)
                except StoreUnavailable:
                    self.look({session_id: ""})
                except Exception as error:  # one odd file must not keep the others from being counted
                    log.error("a transcript could not be counted", session=session_id, exc_info=error)

    def _count(self, session_id: str) -> None:
        """Ask the store only if a file has grown: most hooks come while nothing was written."""
        sizes = [_size(path) for path, _ in files_of(self._files.get(session_id, ""))]
        if sum(sizes) and sizes != self._counted.get(session_id):
            while count(self._store, session_id):
                pass
            self._counted[session_id] = sizes

    def _next(self) -> list[str]:
        with self._bell:
            soonest = min((times[0] for times in self._due.values()), default=self._monotonic() + 60)
            self._bell.wait(max(0.0, min(soonest - self._monotonic(), 60)))
            now = self._monotonic()
            due = [session_id for session_id, times in self._due.items() if times[0] <= now]
            for session_id in due:
                times = [when for when in self._due.pop(session_id) if when > now]
                if times:
                    self._due[session_id] = times
                elif session_id in self._files:
                    self._forget(session_id)
            return due

    def _forget(self, session_id: str) -> None:
        """Keep what is needed for this last look, and nothing of sessions long gone."""
        while len(self._counted) > MOST_KNOWN:
            self._counted.pop(next(iter(self._counted)))
        while len(self._files) > MOST_KNOWN:
            oldest = next(one for one in self._files if one != session_id)
            self._files.pop(oldest)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
