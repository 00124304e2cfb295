"""Schedules of reports in the store, and each report put down for its channels at most once for one time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from data.domain import events as e
from data.domain import schedules
from data.domain.deliveries import About, DeliveryStatus
from data.domain.delivery_events import DeliveryEvent
from data.domain.errors import ScheduleNotFound, TooLate
from data.domain.schedules import Plan, Schedule
from data.store import delivering, rows
from data.store.rows import ms
from data.store.tables_delivery import deliveries
from data.store.tables_delivery import report_schedules as t

_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
_HERE = t.c.removed_at_ms.is_(None)


def fold(db: sa.Connection, rev: int, at_ms: int, event: DeliveryEvent) -> None:
    """Raises ChannelNotFound, ScheduleNotFound, or TooLate for what was changed or put down meanwhile."""
    match event:
        case e.ReportScheduleSet():
            _set(db, rev, at_ms, event)
        case e.ReportScheduleRemoved():
            _change(db, event.schedule_id, rev=rev, removed_at_ms=at_ms, next_at_ms=None)
            waits = (deliveries.c.subject_id == event.schedule_id) & deliveries.c.next_at_ms.is_not(None)
            ends = {"rev": rev, "status": DeliveryStatus.GIVEN_UP.value, "next_at_ms": None}
            db.execute(sa.update(deliveries).where(waits).values(**ends, said="The schedule was removed."))
        case e.ReportDue():
            _due(db, rev, event)
        case _:
            delivering.fold(db, rev, at_ms, event)


def _set(db: sa.Connection, rev: int, at_ms: int, event: e.ReportScheduleSet) -> None:
    """What is due next stays so if nothing was said about when: a change just then loses no report."""
    known = db.execute(sa.select(t.c.id).where(t.c.id == event.schedule_id)).first()
    before = get(db, event.schedule_id) if known else None
    if event.version != (before.version if before else 0) + 1:
        raise TooLate("Somebody else has changed this schedule meanwhile; look at it again.", id=event.schedule_id)
    if not event.enabled:
        next_ms = None
    elif before and before.next_at and schedules.timing(before.plan) == schedules.timing(event.plan):
        next_ms = ms(before.next_at)
    else:
        next_ms = ms(schedules.next_due(event.plan, rows.at(at_ms)))
    values: dict[str, Any] = {"rev": rev, "plan": _PLAN.dump_json(event.plan).decode(), "enabled": event.enabled}
    values |= {"version": event.version, "changed_by": event.by, "changed_at_ms": at_ms, "next_at_ms": next_ms}
    if before is None:
        db.execute(sa.insert(t).values(id=event.schedule_id, **values))
    else:
        _change(db, event.schedule_id, **values)


def _change(db: sa.Connection, schedule_id: str, **values: object) -> None:
    if db.execute(sa.update(t).where(t.c.id == schedule_id, _HERE).values(**values)).rowcount == 0:
        raise _missing(schedule_id)


def _missing(schedule_id: str) -> ScheduleNotFound:
    return ScheduleNotFound(f"There is no schedule {schedule_id}.", id=schedule_id)


def _due(db: sa.Connection, rev: int, event: e.ReportDue) -> None:
    found = get(db, event.schedule_id)
    c = deliveries.c
    same = sa.select(c.channel_id).where(c.subject_id == found.id, c.at_ms == event.due_ms)
    if db.execute(same.limit(1)).first() is not None:
        raise TooLate("This report was put down already.", id=found.id)
    if not event.asked:
        if found.next_at is None or event.due_ms < ms(found.next_at):
            raise TooLate("This report is not due.", id=found.id)
        after = schedules.next_due(found.plan, rows.at(event.due_ms))
        _change(db, found.id, rev=rev, last_at_ms=event.due_ms, next_at_ms=ms(after))
    delivering.put_down(db, rev, event.due_ms, About.REPORT, found.id, found.plan.channels)


def _schedule(row: rows.Row) -> Schedule:
    return Schedule(
        row["id"],
        _PLAN.validate_json(row["plan"]),
        row["enabled"],
        row["version"],
        row["changed_by"],
        rows.at(row["changed_at_ms"]),
        rows.maybe_at(row["last_at_ms"]),
        rows.maybe_at(row["next_at_ms"]),
    )


def listed(db: sa.Connection) -> list[Schedule]:
    """Those that are there, by name."""
    found = [_schedule(row) for row in db.execute(sa.select(t).where(_HERE)).mappings()]
    return sorted(found, key=lambda one: (one.plan.name.casefold(), one.id))


def get(db: sa.Connection, schedule_id: str) -> Schedule:
    """Raises ScheduleNotFound."""
    row = db.execute(sa.select(t).where(t.c.id == schedule_id, _HERE)).mappings().first()
    if row is None:
        raise _missing(schedule_id)
    return _schedule(row)


def over(db: sa.Connection, now_ms: int) -> list[Schedule]:
    """Those whose time has come, the longest over first."""
    query = sa.select(t).where(t.c.next_at_ms <= now_ms, _HERE).order_by(t.c.next_at_ms, t.c.id)
    return [_schedule(row) for row in db.execute(query).mappings()]
