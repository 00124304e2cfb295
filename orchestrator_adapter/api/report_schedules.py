"""Schedules of reports over HTTP: made, changed, paused, sent now, removed; what was sent is among the deliveries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from data.domain import errors as e
from data.domain import schedules
from data.domain.agents import Role
from data.domain.errors import ScheduleNotFound
from data.domain.exports import Format, What
from data.domain.schedules import Frequency, Plan, Schedule, Span
from data.domain.tasks import TaskType
from data.domain.windows import Grain
from orchestrator_adapter import commands_reports
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Path, Sent, Short
from orchestrator_adapter.api.http import Answer, Call, Operation, answer

_NAMES = {"window": "span", "by": "grain"}
"""Fields that have the names here which they have in an export."""
_FILTERS = frozenset({"role", "model", "task_type", "folder", "user", "analyst"})


class ScheduleBody(Sent):
    """A new schedule, or with an `id` what changes of that one: a field that is left out stays as it is."""

    id: Short | None = None
    name: str | None = Field(None, max_length=500, description="1 to 120 characters; no other schedule has it")
    channels: tuple[Short, ...] | None = Field(None, max_length=50, description="Ids of the 1 to 10 channels")
    formats: tuple[Format, ...] | None = Field(None, max_length=10, description="Files; a PDF is the whole report")
    what: What | None = Field(None, description="What the rows of other files are of")
    window: Span | None = Field(None, description="Which days it is about, all of them over when it is due")
    frequency: Frequency | None = None
    weekday: int | None = Field(None, description="Of a weekly one: 1 for Monday to 7 for Sunday")
    day: int | None = Field(None, description="Of a monthly one: 1 to 31; the last day of a shorter month")
    hour: int | None = Field(None, description="0 to 23 by the clocks of the zone")
    tz: str | None = Field(None, max_length=80, description="IANA time zone of the hour and of the days")
    by: Grain | None = Field(None, description="The steps of time of rows of costs")
    simulated: bool | None = Field(None, description="Simulated money instead of real money")
    role: Role | None = None
    model: Short | None = None
    task_type: TaskType | None = None
    folder: Path | None = None
    user: Short | None = None
    analyst: bool | None = Field(None, description="Whether an ANALYST took part in the task")
    enabled: bool | None = Field(None, description="False pauses it")
    version: int | None = Field(None, ge=0, description="The version that was looked at; refused if it is no longer so")

    def plan(self, before: Plan | None) -> Plan:
        """The whole plan; null takes a filter away, and says nothing of another field."""
        told = {name: getattr(self, name) for name in self.model_fields_set - {"id", "enabled", "version"}}
        told = {_NAMES.get(name, name): value for name, value in told.items() if value is not None or name in _FILTERS}
        return replace(before or Plan("", ()), **told)


class ScheduleShape(Shape):
    id: str
    name: str
    says: str
    """All of it in words."""
    channels: list[str]
    formats: list[Format]
    what: What
    window: Span
    frequency: Frequency
    weekday: int
    day: int
    hour: int
    tz: str
    by: Grain
    simulated: bool
    role: Role | None
    model: str | None
    task_type: TaskType | None
    folder: str | None
    user: str | None
    analyst: bool | None
    enabled: bool
    version: int
    changed_by: str
    changed_at: datetime
    last_at: datetime | None
    """When it was last due."""
    next_at: datetime | None
    """When it is sent next; null while it is paused."""


class ScheduleList(Shape):
    items: list[ScheduleShape]
    next_cursor: None


def shape(found: Schedule) -> dict[str, Any]:
    own = {"says": schedules.sentence(found.plan)}
    out = {}
    for name in ScheduleShape.model_fields:
        holder = (
            found if name in ("id", "enabled", "version", "changed_by", "changed_at", "last_at", "next_at") else None
        )
        out[name] = own[name] if name in own else getattr(holder or found.plan, _NAMES.get(name, name))
    return out


def listed(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        items = [shape(one) for one in board.report_schedules()]
    return answer({"items": items, "next_cursor": None})


def put(call: Call, body: ScheduleBody) -> Schedule:
    """Raises ScheduleInvalid, ScheduleNotFound, WindowInvalid, TooLate."""
    before = None
    if body.id is not None:
        with call.deck.store.read() as board:
            before = board.report_schedule(body.id)
    on = body.enabled if body.enabled is not None else before.enabled if before else True
    given = {"schedule_id": body.id, "enabled": on, "version": body.version}
    plan = body.plan(before.plan if before else None)
    return commands_reports.set_report_schedule(call.deck, call.actor, plan, **given)  # type: ignore[arg-type]


def set_schedule(call: Call, body: ScheduleBody) -> Answer:
    return answer(shape(put(call, body)), 200 if body.id else 201)


def send(call: Call, _: bodies.Nothing) -> Answer:
    return answer(shape(commands_reports.send_report(call.deck, call.actor, call.id(ScheduleNotFound))), 202)


def remove(call: Call, _: bodies.Nothing) -> Answer:
    commands_reports.remove_report_schedule(call.deck, call.actor, call.id(ScheduleNotFound))
    return Answer(b"", 204)


def operations(v1: str, change: tuple[type[e.FleetError], ...]) -> list[Operation]:
    every = f"{v1}/reports/schedules"
    return [
        Operation(
            "GET", every, listed, "Schedules by which reports are sent, and when each is next", gives=ScheduleList
        ),
        Operation(
            "POST",
            every,
            set_schedule,
            "Make a schedule of reports, or with its id change or pause one",
            ScheduleBody,
            ScheduleShape,
            201,
            (ScheduleNotFound, e.ScheduleInvalid, e.WindowInvalid, e.TooLate, e.BodyInvalid, *change),
        ),
        Operation(
            "POST",
            f"{every}/{{id}}/send",
            send,
            "Send the report now; what became of it is among the deliveries",
            gives=ScheduleShape,
            status=202,
            refuses=(ScheduleNotFound, e.TooLate, *change),
        ),
        Operation(
            "DELETE",
            f"{every}/{{id}}",
            remove,
            "Take a schedule away; what was not sent yet is given up",
            status=204,
            refuses=(ScheduleNotFound, *change),
        ),
    ]
