"""What people do about schedules of reports: make, change, pause, send now and remove them."""

from __future__ import annotations

import uuid

from data.domain import events as e
from data.domain.errors import ScheduleInvalid, TooLate
from data.domain.schedules import MOST_SCHEDULES, Plan, Schedule, checked
from data.store import channels, scheduling
from data.store.rows import ms
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck


def set_report_schedule(
    deck: Deck,
    actor: Actor,
    plan: Plan,
    *,
    schedule_id: str | None = None,
    enabled: bool = True,
    version: int | None = None,
) -> Schedule:
    """Make a schedule, or change the one with the id; what was due already stays as it is.

    `version` is the one that was looked at, None for whichever stands. Raises ScheduleInvalid, ScheduleNotFound,
    WindowInvalid, or TooLate if somebody else has changed it since.
    """
    require(actor, "set_report_schedule")
    plan = checked(plan)
    with deck.store.write(durable=True) as ledger:
        before = scheduling.get(ledger.connection, schedule_id) if schedule_id else None
        known = scheduling.listed(ledger.connection)
        there = {channel.id for channel in channels.listed(ledger.connection)}
        if unknown := [one for one in plan.channels if one not in there]:
            raise ScheduleInvalid(f"channels must name channels that are there, not {unknown[0]}.", field="channels")
        if any(one.plan.name.casefold() == plan.name.casefold() and one.id != schedule_id for one in known):
            raise ScheduleInvalid("name is taken by another schedule.", field="name")
        if before is None and len(known) >= MOST_SCHEDULES:
            raise ScheduleInvalid(f"At most {MOST_SCHEDULES} schedules are kept; remove one first.", field="name")
        if before is not None and version is not None and before.version != version:
            raise TooLate("Somebody else has changed this schedule meanwhile; look at it again.", id=before.id)
        if before is not None and (before.plan, before.enabled) == (plan, enabled):
            return before
        made = before.id if before else uuid.uuid4().hex
        event = {"schedule_id": made, "plan": plan, "enabled": enabled, "by": actor.name}
        event["version"] = before.version + 1 if before else 1
        ledger.append(e.ReportScheduleSet(task_id="", **event))
        return scheduling.get(ledger.connection, made)


def switch_report_schedule(deck: Deck, actor: Actor, schedule_id: str, *, on: bool) -> Schedule:
    """Pause it, or let it go on: what would have been due meanwhile is not sent. Raises ScheduleNotFound."""
    require(actor, "switch_report_schedule")
    with deck.store.read() as board:
        found = board.report_schedule(schedule_id)
    return set_report_schedule(deck, actor, found.plan, schedule_id=schedule_id, enabled=on, version=found.version)


def remove_report_schedule(deck: Deck, actor: Actor, schedule_id: str) -> None:
    """It is gone; what was not sent yet is given up, its log stays. Raises ScheduleNotFound."""
    require(actor, "remove_report_schedule")
    with deck.store.write(durable=True) as ledger:
        ledger.append(e.ReportScheduleRemoved(task_id="", schedule_id=schedule_id, by=actor.name))


def send_report(deck: Deck, actor: Actor, schedule_id: str) -> Schedule:
    """Have it sent now, as if it were due, also while it is paused; when it is due next stays. The server sends it.

    Raises ScheduleNotFound.
    """
    require(actor, "send_report")
    with deck.store.write(durable=True) as ledger:
        now = ms(deck.store.now())
        ledger.append(e.ReportDue(task_id="", schedule_id=schedule_id, due_ms=now, by=actor.name, asked=True))
        return scheduling.get(ledger.connection, schedule_id)
