"""Reports by the clock of the engine: put down for their channels when their time has come, once for each time."""

from __future__ import annotations

import contextlib
from datetime import datetime

import structlog

from data.domain import events as e
from data.domain.errors import ScheduleNotFound, StoreUnavailable, TooLate
from data.domain.schedules import Schedule, latest_due
from data.store import Store, scheduling
from data.store.rows import ms
from orchestrator_adapter.engine.watch import BY

log = structlog.get_logger("engine")
EVERY_S = 5.0


def look(store: Store, now: datetime) -> None:
    """As many processes as like may look at once; of what was missed while none did, the last is sent."""
    with store.read() as board:
        found = scheduling.over(board.connection, ms(now))
    for schedule in found:
        try:
            _put_down(store, schedule, now)
        except StoreUnavailable:
            raise
        except Exception:  # one schedule that cannot be followed must not hold up the others
            log.exception("report_schedule_failed", schedule=schedule.id)


def _put_down(store: Store, schedule: Schedule, now: datetime) -> None:
    """Decided once more where it is written down, after whatever others wrote first."""
    with contextlib.suppress(ScheduleNotFound, TooLate), store.write(durable=True) as ledger:
        standing = scheduling.get(ledger.connection, schedule.id)
        if standing.next_at is not None and standing.next_at <= now:
            due = latest_due(standing.plan, standing.next_at, now)
            ledger.append(e.ReportDue(task_id="", schedule_id=standing.id, due_ms=ms(due), by=BY))
