"""Files in the rows: what calls say of them, what comparing the folder found, and who else may have made a change."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import LIVE, FileChange
from data.domain.files import HARMLESS
from data.store import at_once
from data.store import tables as t

_NAMES = ("agent_id", "path", "change", "task_id", "added", "removed", "lines", "at_ms")
_AGAIN = (
    " on conflict (agent_id, path, change) do update set added = files.added + excluded.added,"
    " removed = files.removed + excluded.removed, lines = coalesce(excluded.lines, files.lines), at_ms = excluded.at_ms"
)
_INTO = "insert into files (agent_id, path, change, task_id, added, removed, lines, at_ms)"
TOUCHED = sa.text(_INTO + " values (:agent_id, :path, :change, :task_id, :added, :removed, :lines, :at_ms)" + _AGAIN)
"""For one `touched`."""
_TOUCHED_AT_ONCE = sa.text(
    _INTO + " select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,"
    " value ->> 7 from json_each(:rows) where true" + _AGAIN
)
"""For many on SQLite: see `at_once`."""
_LIVE = sorted(status.value for status in LIVE)


def touched(event: e.FileTouched, at_ms: int) -> dict[str, object]:
    """That a call read or changed a file, as a row."""
    return {**event.model_dump(mode="json", exclude={"kind", "tool_use_id"}), "at_ms": at_ms}


def touch(db: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Many that are `touched`."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        db.execute(_TOUCHED_AT_ONCE, {"rows": at_once.packed(rows, _NAMES)})
    else:
        db.execute(TOUCHED, list(rows))


def compared(db: sa.Connection, at_ms: int, event: e.FolderCompared) -> None:
    """What was found takes the place of what calls said of the same files, and of what was found before."""
    c = t.files.c
    mine = c.agent_id == event.agent_id
    db.execute(sa.delete(t.files).where(mine, c.found.is_(True)))
    for start in range(0, len(event.files), 200):
        paths = [file.path for file in event.files[start : start + 200]]
        db.execute(sa.delete(t.files).where(mine, c.path.in_(paths), c.change != FileChange.READ.value))
    if event.files:
        db.execute(sa.insert(t.files), [_row(event, file, at_ms) for file in event.files])


def _row(event: e.FolderCompared, file: e.FoundFile, at_ms: int) -> dict[str, object]:
    told = file.model_dump(mode="json", exclude={"shared"})
    ids = {"agent_id": event.agent_id, "task_id": event.task_id, "found": True}
    at = at_ms if file.changed_ms is None else min(file.changed_ms, at_ms)
    return {**told, **ids, "at_ms": at, "shared": json.dumps(file.shared)}


@dataclass(frozen=True)
class _Other:
    """An agent that worked in the same folder at the same time."""

    id: str
    folder: str


def shared(
    db: sa.Connection, agent_id: str, folder: str, since_ms: int, found: Iterable[e.FoundFile]
) -> list[e.FoundFile]:
    """Of the changed files those that may be this agent's doing, each with the others that may have made the change.

    What a call names is its agent's. For the rest it may be anybody who ran a command meanwhile.
    """
    others = _others(db, agent_id, folder, since_ms)
    if not others:
        return list(found)
    named = {one.id: _named(db, one.id, one.folder, since_ms) for one in [_Other(agent_id, folder), *others]}
    commanding = {key for key in named if _ran_commands(db, key, since_ms)}
    kept = []
    for file in found:
        whole = posixpath.join(folder, file.path)
        by_call = [one.id for one in others if whole in named[one.id]]
        able = [one.id for one in others if one.id in commanding]
        if whole in named[agent_id]:
            kept.append(file.model_copy(update={"shared": tuple(by_call)}))
        elif not by_call and (agent_id in commanding or not able):
            kept.append(file.model_copy(update={"shared": tuple(able)}))
    return kept


def _others(db: sa.Connection, agent_id: str, folder: str, since_ms: int) -> list[_Other]:
    a = t.agents.c
    at_work = a.status.in_(_LIVE) | (a.ended_at_ms >= since_ms)
    query = sa.select(a.id, t.tasks.c.working_directory).join(t.tasks, t.tasks.c.id == a.task_id)
    found = db.execute(query.where(a.started_at_ms.is_not(None), a.id != agent_id, at_work))
    return [_Other(row.id, row.working_directory) for row in found if _overlap(row.working_directory, folder)]


def _overlap(one: str, other: str) -> bool:
    one, other = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)


def bodies(db: sa.Connection, agent_ids: Sequence[str], kind: str) -> list[Mapping[str, object]]:
    """What events of one kind say of these agents, in order, with `agent_id` and `at_ms`."""
    c = t.events.c
    query = sa.select(c.agent_id, c.at_ms, c.body).where(c.agent_id.in_(agent_ids), c.kind == kind)
    return [
        {**json.loads(row.body), "agent_id": row.agent_id, "at_ms": row.at_ms}
        for row in db.execute(query.order_by(c.id))
    ]


def _named(db: sa.Connection, agent_id: str, folder: str, since_ms: int) -> set[str]:
    """Whole paths of the files that this agent's calls changed since then."""
    told = [one for one in bodies(db, [agent_id], "file_touched") if int(str(one["at_ms"])) >= since_ms]
    return {posixpath.join(folder, str(one["path"])) for one in told if one["change"] != FileChange.READ}


def _ran_commands(db: sa.Connection, agent_id: str, since_ms: int) -> bool:
    """Whether a command of this agent was running at some time since then."""
    returned = bodies(db, [agent_id], "tool_returned")
    over = {one["tool_use_id"] for one in returned if int(str(one["at_ms"])) < since_ms}
    called = bodies(db, [agent_id], "tool_called")
    return any(one["tool"] not in HARMLESS and one["tool_use_id"] not in over for one in called)


def live(db: sa.Connection, agent_ids: Sequence[str]) -> set[str]:
    """Those of the agents that have not ended."""
    a = t.agents.c
    return set(db.execute(sa.select(a.id).where(a.id.in_(agent_ids), a.status.in_(_LIVE))).scalars())


def was_compared(db: sa.Connection, agent_id: str) -> bool:
    """Whether an earlier comparison found something that is in the rows."""
    c = t.files.c
    return db.execute(sa.select(c.path).where(c.agent_id == agent_id, c.found.is_(True)).limit(1)).first() is not None
