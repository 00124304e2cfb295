"""The shapes of what the API says about the queue and the fleet's settings."""

from __future__ import annotations

from datetime import datetime

from data.domain.agents import Role, Runtime
from data.domain.control_events import FleetSetting
from data.domain.fleet import Priority
from data.domain.waiting import Reason
from orchestrator_adapter.api.answers import _Shape as Shape


class WaitingShape(Shape):
    position: int | None
    """1 gets the next free place; null for what waits for a person instead."""
    task_id: str
    title: str
    step: str | None
    """Null: the whole task has not begun."""
    role: Role | None
    priority: Priority
    created_by: str
    runtime: Runtime
    since: datetime
    reason: Reason
    words: str
    """The reason as a sentence."""


class ShareShape(Shape):
    name: str
    """Host of a machine, or a person; empty for the fleet."""
    taken: int
    most: int | None
    """Null: no limit of this kind."""


class PlacesShape(Shape):
    in_all: ShareShape
    machines: list[ShareShape]
    users: list[ShareShape]


class QueueShape(Shape):
    items: list[WaitingShape]
    next_cursor: str | None
    waiting: int
    """How many wait in all."""
    held: list[WaitingShape]
    """What waits for a person instead of a place: paused tasks, and agents that ask."""
    places: PlacesShape


class LimitsShape(Shape):
    per_machine: int | None
    per_user: int | None
    in_all: int | None


class RetriesShape(Shape):
    by_role: dict[Role, int]
    otherwise: int


class PatienceShape(Shape):
    silent_s: int
    repeats: int
    tokens: int


class CleanupShape(Shape):
    automatic: bool
    after_days: int


class ChangedShape(Shape):
    by: str
    at: datetime


class FleetSettingsShape(Shape):
    limits: LimitsShape
    retries: RetriesShape
    patience: PatienceShape
    cleanup: CleanupShape
    changed: dict[FleetSetting, ChangedShape]
    """Who changed each of them last; what nobody changed is not named."""
