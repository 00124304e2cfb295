"""Outcomes of tasks: how their events are folded into the task's row."""

from __future__ import annotations

import json

import sqlalchemy as sa

from data.domain import outcomes
from data.domain.errors import TaskNotFound
from data.domain.outcome_events import FailureSeen, OutcomeEvent
from data.store import rows
from data.store import tables as t

_COLUMNS = {name: "outcome_note" if name == "note" else name for name in outcomes.FIELDS}


def fold(db: sa.Connection, rev: int, event: OutcomeEvent) -> None:
    if isinstance(event, FailureSeen):
        seen = {"rev": rev, "seen_by": event.by}
        db.execute(sa.update(t.tasks).where(t.tasks.c.id == event.task_id).values(**seen))
        return
    now = _row(db, event.task_id)
    if now is None:
        raise TaskNotFound(f"There is no task {event.task_id}.", task_id=event.task_id)
    after = rows.outcome(now).with_values(event.values, event.by, event.automatic)
    values: dict[str, object] = {column: getattr(after, name) for name, column in _COLUMNS.items()}
    values |= {"rev": rev, "outcome_set_by": json.dumps(after.set_by), "good": outcomes.good(now["status"], after)}
    db.execute(sa.update(t.tasks).where(t.tasks.c.id == event.task_id).values(**values))


def judge(db: sa.Connection, task_id: str) -> None:
    """Keep in the task's row whether it was worth it, after its status changed."""
    now = _row(db, task_id)
    if now is not None and (good := outcomes.good(now["status"], rows.outcome(now))) != now["good"]:
        db.execute(sa.update(t.tasks).where(t.tasks.c.id == task_id).values(good=good))


def _row(db: sa.Connection, task_id: str) -> sa.RowMapping | None:
    columns = [t.tasks.c[name] for name in ("status", "good", "outcome_set_by", *_COLUMNS.values())]
    return db.execute(sa.select(*columns).where(t.tasks.c.id == task_id)).mappings().first()
