"""Takes in agent log folders: read-only, a folder that was read before goes on where it ended.

What the files tell becomes the same events as those of our own agents, at the times of then. How far a folder was read
stands in an event of its own, `LogsImported`, written together with what was read; so an import that is killed goes on
at the next one, and nothing is taken in twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.tasks import MAX_DESCRIPTION, Complexity, TaskType
from data.store import Board, Ledger, Store
from data.store.log_reads import Standing
from orchestrator_adapter.ingest import log_files
from orchestrator_adapter.ingest.log_events import UNKNOWN_MODEL, Reading, Timed
from orchestrator_adapter.ingest.log_folders import LogFolder, Passed, find, prompt, request, together

BATCH = 500
"""So many events are written at once: others who write wait for no more."""
MOST_HELD = 8 * 1024 * 1024
"""So many bytes of content, too."""
MOST_SCOPE = 2_000
PLAN = "plan"
PROMPT = "prompt.txt"
"""Written anew with each message, by the existing orchestrator; the other files only grow."""
Tell = Callable[[int, int], None]
"""Hears how many folders of how many are done."""


@dataclass(frozen=True)
class Taken:
    """What became of one folder."""

    folder: str
    outcome: str
    """new, grown, known or skipped"""
    why: str = ""
    agent_id: str = ""
    task_id: str = ""
    events: int = 0
    broken: int = 0
    """Lines that say nothing; they are kept as notices."""
    half_written: tuple[str, ...] = ()
    """Files that end in the middle of a line: its rest is waited for."""
    cut: int = 0
    """Answers of tools of which the log holds only the beginning."""


@dataclass(frozen=True)
class Report:
    """What an import found."""

    path: str
    items: list[Taken] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        return sum(item.outcome == outcome for item in self.items)

    @property
    def sentence(self) -> str:
        """`3 new, 1 grown, 12 known, 2 skipped.`"""
        return ", ".join(f"{self.count(name)} {name}" for name in ("new", "grown", "known", "skipped")) + "."


class Overtaken(Exception):
    """Another import reads the same folder."""


def take_in(store: Store, path: Path, zone: tzinfo | None = None, tell: Tell | None = None) -> Report:
    """Read every agent log folder at or below the path. `zone`: of times without an offset, None for this machine's.

    Raises FolderRefused.
    """
    found = find(path.resolve())
    report = Report(str(path))
    for number, one in enumerate(found, 1):
        if isinstance(one, Passed):
            report.items.append(Taken(str(one.path), "skipped", one.why))
        else:
            report.items.append(_one(store, one, zone))
        if tell:
            tell(number, len(found))
    return report


def _one(store: Store, folder: LogFolder, zone: tzinfo | None) -> Taken:
    with store.read() as board:
        known, standing = board.log_known(folder.agent_id), board.log_standing(folder.task_id, folder.agent_id)
    blank = Taken(str(folder.path), "skipped", "", folder.agent_id, folder.task_id)
    if why := _not_ours(standing):
        return replace(blank, why=why)
    read, sizes = known.read.files if known else {}, _sizes(folder.path)
    changed = [name for name, (end, digest) in read.items() if not _same(folder.path, name, end, digest)]
    if changed and changed != [PROMPT]:
        return replace(blank, why=f"{changed[-1]} is no longer what was read of it before")
    if known and not changed and sizes == {name: end for name, (end, _) in read.items()}:
        return replace(blank, outcome="known")
    try:
        taken = _Taking(store, folder, Reading(folder, read, zone), known.clock if known else None)
        return taken.to_the_end(blank, sizes)
    except Overtaken:
        return replace(blank, why="another import reads it now")
    except OSError as error:
        return replace(blank, why=f"it cannot be read: {error.strerror or error}")


def _not_ours(standing: Standing) -> str:
    """Why a folder is not to be taken in: what it tells of is here already, and not from a log; or was deleted."""
    for what, runtime in (("agent", standing.agent), ("task", standing.task)):
        if runtime not in (None, Runtime.IMPORTED):
            return f"its {what} is here already, as one that is {runtime}"
    return "it was imported before, and deleted here since" if standing.deleted else ""


def _sizes(path: Path) -> dict[str, int]:
    out = {}
    for name in log_files.NAMES:
        with log_files.opened(path, name) as file:
            if file is not None:
                out[name] = log_files.size_of(file)
    return out


def _same(path: Path, name: str, end: int, digest: str) -> bool:
    """Whether the file still begins with what was read."""
    with log_files.opened(path, name) as file:
        if file is None or log_files.size_of(file) < end:
            return False
        hashed = hashlib.sha256()
        _feed(hashed, file, 0, end)
    return hashed.hexdigest() == digest


def _feed(hashed: hashlib._Hash, file: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    left = end - start
    while left > 0 and (part := file.read(min(1 << 20, left))):
        hashed.update(part)
        left -= len(part)


class _Digests:
    """The hashes of what was read of each file, brought on as it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hashes = {name: (0, hashlib.sha256()) for name in log_files.NAMES}

    def upto(self, ends: dict[str, int]) -> dict[str, tuple[int, str]]:
        out = {}
        for name, end in ends.items():
            done, hashed = self._hashes[name]
            with log_files.opened(self._path, name) as file:
                if file is not None and end > done:
                    _feed(hashed, file, done, end)
            self._hashes[name] = (end, hashed)
            out[name] = (end, hashed.hexdigest())
        return out


class _Taking:
    """One folder on its way into the store."""

    def __init__(self, store: Store, folder: LogFolder, reading: Reading, clock: int | None) -> None:
        """`clock`: the number of the event that says how far it was read; None if it never was."""
        self._store, self._folder, self._reading, self._clock = store, folder, reading, clock
        self._digests = _Digests(folder.path)

    def to_the_end(self, blank: Taken, sizes: dict[str, int]) -> Taken:
        """Write down what is new, a batch at a time."""
        first, written, reading = self._clock is None, 0, self._reading
        batch: list[Timed] = []
        for told in reading.events():
            batch += told
            if len(batch) >= BATCH or reading.held > MOST_HELD:
                self._write(batch)
                written, batch = written + len(batch), []
        if batch or self._clock is None or reading.grown:
            self._write(batch)
            written += len(batch)
        return replace(
            blank,
            outcome="new" if first else "grown" if reading.grown else "known",
            events=written,
            broken=reading.broken,
            half_written=tuple(name for name, size in sizes.items() if reading.ends.get(name, 0) < size),
            cut=reading.cut,
        )

    def _write(self, batch: Sequence[Timed]) -> None:
        """One transaction: the batch, and how far the folder was read with it."""
        read = self._reading.read(self._digests.upto(self._reading.ends))
        with self._store.write() as ledger:
            board = Board(ledger.connection)
            known = board.log_known(self._folder.agent_id)
            if (known.clock if known else None) != self._clock:
                raise Overtaken
            if known is None:
                self._open(ledger, board)
            for content in self._reading.contents():
                ledger.keep(content)
            for event, at in batch:
                ledger.append(event, at)
            self._clock = ledger.append(read, read.ended_at)

    def _open(self, ledger: Ledger, board: Board) -> None:
        """The task of the folder, if it is the first one of it, and its agent."""
        folder, begins = self._folder, self._reading.begins
        beside = together(folder)
        steps = _steps(beside)
        workflow = tuple(
            e.StepSpec(key=key, role=one.role, scope=prompt(one.path)[:MOST_SCOPE] or "Not known.")
            for key, one in steps.items()
        )
        if board.log_standing(folder.task_id, folder.agent_id).task is None:
            ledger.append(_submitted(folder, beside, workflow, self._reading.cwd), begins)
        key = next(key for key, one in steps.items() if one.agent_id == folder.agent_id)
        if key not in {step.key for step in board.task(folder.task_id).workflow}:
            planned = e.TaskPlanned(task_id=folder.task_id, workflow=workflow, rationale="Read from the log folders.")
            ledger.append(planned, begins)
        created = e.AgentCreated(
            task_id=folder.task_id,
            agent_id=folder.agent_id,
            step=key,
            role=folder.role,
            name=folder.name,
            model=self._reading.model or UNKNOWN_MODEL,
            runtime=Runtime.IMPORTED,
            log_dir=str(folder.path),
        )
        ledger.append(created, begins)


def _submitted(
    folder: LogFolder, beside: Sequence[LogFolder], workflow: tuple[e.StepSpec, ...], cwd: str
) -> e.TaskSubmitted:
    asked = request(beside)
    analyst = any(one.role is Role.ANALYST for one in beside)
    return e.TaskSubmitted(
        task_id=folder.task_id,
        description=asked.description[:MAX_DESCRIPTION],
        task_type=next((kind for kind in TaskType if kind.value == asked.task_type), TaskType.CUSTOM),
        complexity=Complexity.COMPLEX if analyst else Complexity.SIMPLE,
        analyst_included=analyst,
        analyst_reason="As its logs say.",
        workflow=workflow,
        working_directory=asked.folder or cwd,
        runtime=Runtime.IMPORTED,
        by="import",
    )


def _steps(agents: Sequence[LogFolder]) -> dict[str, LogFolder]:
    """A step for each agent, by its role; one that comes twice gets a number."""
    out: dict[str, LogFolder] = {}
    seen: dict[str, int] = {}
    for one in agents:
        base = PLAN if one.planner else one.role.value
        seen[base] = seen.get(base, 0) + 1
        out[base if seen[base] == 1 else f"{base}-{seen[base]}"] = one
    return out
