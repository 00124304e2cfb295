"""Orchestrators of others that report into this store: which process tells of a task, and whether it still lives."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from data.store import tables as t
from data.store.workers import now_ms

_OPEN = t.attachments.c.ended_at_ms.is_(None)


@dataclass(frozen=True)
class Attachment:
    """A process that tells of a task."""

    task_id: str
    host: str
    pid: int
    born_ms: int
    """When the process began: a number is given again, to another process."""
    silent_ms: int
    """How long ago it last said that it lives, by the database's clock."""


def begin(db: sa.Connection, task_id: str, host: str, pid: int, born_ms: int) -> None:
    row = {"task_id": task_id, "host": host, "pid": pid, "born_ms": born_ms}
    db.execute(sa.insert(t.attachments).values(**row, beat_at_ms=now_ms(db)))


def beat(db: sa.Connection, task_id: str) -> bool:
    """Say that the process lives; False if it has been taken for dead."""
    where = (t.attachments.c.task_id == task_id) & _OPEN
    return db.execute(sa.update(t.attachments).where(where).values(beat_at_ms=now_ms(db))).rowcount == 1


def end(db: sa.Connection, task_id: str) -> bool:
    """No more is told of the task; False if somebody else has said so before."""
    where = (t.attachments.c.task_id == task_id) & _OPEN
    return db.execute(sa.update(t.attachments).where(where).values(ended_at_ms=now_ms(db))).rowcount == 1


def living(db: sa.Connection) -> list[Attachment]:
    """Those that have not ended, as far as they said."""
    now, c = now_ms(db), t.attachments.c
    found = db.execute(sa.select(c.task_id, c.host, c.pid, c.born_ms, c.beat_at_ms).where(_OPEN).order_by(c.task_id))
    return [Attachment(*row[:4], silent_ms=max(0, now - row[4])) for row in found]
