"""Imported sessions as tasks and agents, and imports as rows: how their events are folded."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.history_events import ImportMoved, SessionImported, TranscriptRead
from data.domain.tasks import SESSION, AnalystChoice, Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import gone
from data.store import tables as t
from data.store import tables_history as h
from data.store.rows import ms, token_columns, tokens

"""The one step of an imported task."""

# built once, for it takes longer than running them
_NEW_TASK, _NEW_STEP, _NEW_AGENT = sa.insert(t.tasks), sa.insert(t.steps), sa.insert(t.agents)
_AGENT = sa.select(t.agents).where(t.agents.c.id == sa.bindparam("agent_id"))
_THIS_TASK = t.tasks.c.id == sa.bindparam("the_task")
_TASK_BEGAN = sa.select(t.tasks.c.created_at_ms).where(_THIS_TASK)
_TASK_TIMES = sa.select(t.tasks.c.started_at_ms, t.tasks.c.ended_at_ms).where(_THIS_TASK)
_STEP_TIMES = (
    sa.update(t.steps)
    .where(t.steps.c.task_id == sa.bindparam("the_task"), t.steps.c.key == SESSION)
    .values(started_at_ms=sa.bindparam("started"), ended_at_ms=sa.bindparam("ended"))
)


def fold(db: sa.Connection, rev: int, at_ms: int, event: SessionImported | TranscriptRead | ImportMoved) -> None:
    match event:
        case SessionImported():
            _imported(db, rev, event)
        case TranscriptRead():
            _read(db, rev, event)
        case ImportMoved():
            _moved(db, rev, at_ms, event)


def _imported(db: sa.Connection, rev: int, event: SessionImported) -> None:
    """A task that has ended: nothing here is ever run, resumed or repaired."""
    c = t.tasks.c
    again = sa.update(t.tasks).where(c.id == event.task_id).values(rev=rev, deleted_at_ms=None)
    if db.execute(again).rowcount:
        agents = sa.update(t.agents).where(t.agents.c.task_id == event.task_id)
        db.execute(agents.values(rev=rev, status=AgentStatus.COMPLETED.value))
        return
    began = ms(event.began_at)
    step = {"key": SESSION, "role": Role.CUSTOM.value, "status": StepStatus.COMPLETED.value}
    times = {"started_at_ms": began, "ended_at_ms": began}
    task = {
        "id": event.task_id,
        "rev": rev,
        "description": event.description,
        "task_type": TaskType.CUSTOM.value,
        "status": TaskStatus.COMPLETED.value,
        "complexity": Complexity.SIMPLE.value,
        "complexity_reasons": "[]",
        "analyst_choice": AnalystChoice.AUTO.value,
        "analyst_included": False,
        "analyst_reason": "A session of Claude Code that was imported.",
        "working_directory": event.working_directory,
        "runtime": Runtime.IMPORTED.value,
        "simulated": False,
        "model": event.model,
        "permission_mode": "default",
        "ai_planner": False,
        "created_by": event.by,
        "created_at_ms": began,
    }
    db.execute(_NEW_TASK, task | times)
    texts = {"scope": "A session of Claude Code.", "depends_on": "[]", "constraints": "[]", "why": ""}
    db.execute(_NEW_STEP, {"task_id": event.task_id, "position": 1, **step, **texts, **times})


def _read(db: sa.Connection, rev: int, event: TranscriptRead) -> None:
    row = db.execute(_AGENT, {"agent_id": event.agent_id}).mappings().first()
    sums = {
        **token_columns(event.tokens),
        "cost_nanousd": event.cost_nanousd,
        "unpriced_messages": event.unpriced,
        "tool_calls": event.tool_calls,
    }
    grown, last = _reported(row, event)
    if row is None:
        _create(db, rev, event, sums, grown, last)
    else:
        values: dict[str, Any] = {"rev": rev}
        if event.context_used is not None:
            values["context_used"] = event.context_used
        if event.context_window is not None:
            values["context_window"] = event.context_window
        if event.result is not None:
            values["result"] = event.result
        if grown is not None:
            values |= {"reported_nanousd": (row["reported_nanousd"] or 0) + grown, "reported_last_nanousd": last}
        _grow(db, t.agents, event.agent_id, event, values, sums)
    _task(db, rev, event, sums, grown)


def _task(db: sa.Connection, rev: int, event: TranscriptRead, sums: dict[str, int], grown: int | None) -> None:
    values: dict[str, Any] = {"rev": rev}
    if event.description is not None:
        values["description"] = event.description
    if event.result is not None and event.main:
        values["result"] = event.result
    _grow(db, t.tasks, event.task_id, event, values, sums if grown is None else sums | {"reported_nanousd": grown})
    times = db.execute(_TASK_TIMES, {"the_task": event.task_id}).mappings().one()
    db.execute(
        _STEP_TIMES, {"the_task": event.task_id, "started": times["started_at_ms"], "ended": times["ended_at_ms"]}
    )


def belongs_here(db: sa.Connection, reply: sa.RowMapping, agent_id: str) -> bool:
    """Whether a reply that was read in was really made by an agent that runs here.

    Its transcript may be read before the agent has told which session it has.
    """
    if not reply["imported"]:
        return False
    found = db.execute(sa.select(t.agents.c.runtime).where(t.agents.c.id == agent_id)).scalar()
    return found not in (None, Runtime.IMPORTED.value, Runtime.ATTACHED.value)


def let_go(db: sa.Connection, rev: int, reply: sa.RowMapping) -> None:
    """Take a reply from the session that was read in: the agent that made it counts it."""
    c = t.messages.c
    where = (c.message_id == reply["message_id"]) & (c.request_id == reply["request_id"])
    gone.note(db, rev, reply)
    db.execute(sa.delete(t.messages).where(where))
    sums = {name: -count for name, count in token_columns(tokens(reply)).items()}
    sums |= {"cost_nanousd": -(reply["cost_nanousd"] or 0), "unpriced_messages": -int(reply["cost_nanousd"] is None)}
    for table, row_id in ((t.agents, reply["agent_id"]), (t.tasks, reply["task_id"])):
        db.execute(sa.update(table).where(table.c.id == row_id).values(rev=rev, **_added(table, sums)))


def _reported(row: sa.RowMapping | None, event: TranscriptRead) -> tuple[int | None, int | None]:
    """What Claude Code's own running total grew by; a smaller total means that its counter restarted."""
    if not event.totals_nanousd:
        return None, None
    last, grown = (row["reported_last_nanousd"] or 0) if row is not None else 0, 0
    for total in event.totals_nanousd:
        grown += total - last if total >= last else total
        last = total
    return grown, last


def _added(table: sa.Table, sums: dict[str, int]) -> dict[str, Any]:
    return {name: sa.func.coalesce(table.c[name], 0) + value for name, value in sums.items() if value}


def _grow(
    db: sa.Connection,
    table: sa.Table,
    row_id: str,
    event: TranscriptRead,
    values: Mapping[str, Any],
    sums: Mapping[str, int],
) -> None:
    """Set these values of a row, add these sums, and stretch its times over what was read."""
    given = {f"to_{name}": value for name, value in values.items()} | {"row_id": row_id}
    given |= {f"more_{name}": value for name, value in sums.items()}
    if event.began_at is not None:
        given["began"] = ms(event.began_at)
    if event.last_at is not None:
        given["last"] = ms(event.last_at)
    db.execute(_growing(table, tuple(sorted(given))), given)


@functools.cache
def _growing(table: sa.Table, given: tuple[str, ...]) -> sa.Update:
    """The statement for these parameters; building it takes longer than running it."""
    c, values = table.c, dict[str, Any]()
    for name in given:
        to, _, column = name.partition("_")
        if to == "to":
            values[column] = sa.bindparam(name, type_=c[column].type)
        elif to == "more":
            values[column] = sa.func.coalesce(c[column], 0) + sa.bindparam(name, type_=c[column].type)
    if "began" in given:  # the earliest beginning
        began = sa.bindparam("began", type_=sa.BigInteger)
        for column in ("created_at_ms", "started_at_ms"):
            values[column] = sa.case((c[column] < began, c[column]), else_=began)
    if "last" in given:  # the latest end; what another program told of ends when that says so
        last, kept = sa.bindparam("last", type_=sa.BigInteger), c.runtime != Runtime.IMPORTED.value
        values["ended_at_ms"] = sa.case((kept | (c.ended_at_ms > last), c.ended_at_ms), else_=last)
    return sa.update(table).where(c.id == sa.bindparam("row_id")).values(**values)


def _create(
    db: sa.Connection, rev: int, event: TranscriptRead, sums: dict[str, int], grown: int | None, last: int | None
) -> None:
    task_began = db.execute(_TASK_BEGAN, {"the_task": event.task_id}).scalar_one()
    began = task_began if event.began_at is None else ms(event.began_at)
    agent = {
        "id": event.agent_id,
        "rev": rev,
        "task_id": event.task_id,
        "step": SESSION,
        "role": event.role.value,
        "name": event.name,
        "model": event.model,
        "status": AgentStatus.COMPLETED.value,
        "activity": "",
        "runtime": Runtime.IMPORTED.value,
        "simulated": False,
        "created_at_ms": began,
        "started_at_ms": began,
        "ended_at_ms": began if event.last_at is None else max(began, ms(event.last_at)),
        "reported_nanousd": grown,
        "reported_last_nanousd": last,
        "context_used": event.context_used or 0,
        "context_window": event.context_window,
        "session_id": event.session_id,
        "result": event.result,
    }
    db.execute(_NEW_AGENT, agent | sums)


def _moved(db: sa.Connection, rev: int, at_ms: int, event: ImportMoved) -> None:
    values: dict[str, Any] = {
        "rev": rev,
        "status": event.to,
        "heard_at_ms": at_ms,
        "ended_at_ms": None if event.to == "running" else at_ms,
        "files_total": event.files_total,
        "files_done": event.files_done,
        "bytes_total": event.bytes_total,
        "bytes_done": event.bytes_done,
        "report": json.dumps(event.report),
        "error": event.error,
    }
    if db.execute(sa.update(h.imports).where(h.imports.c.id == event.import_id).values(**values)).rowcount == 0:
        who = {"id": event.import_id, "kind": event.of, "folder": event.folder, "started_by": event.by}
        db.execute(sa.insert(h.imports).values(**values, **who, started_at_ms=at_ms))
