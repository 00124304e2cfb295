"""The shapes of what the API says about the fleet as a whole: its counts, its queue and its settings."""

from __future__ import annotations

from datetime import datetime

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.control_events import FleetSetting
from data.domain.fleet import Priority
from data.domain.waiting import Reason
from data.store.workers import WorkerState
from orchestrator_adapter.api.answers import Shape as Shape
from orchestrator_adapter.api.answers import SpendShape


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


class LotteryShape(Shape):
    share: int
    """Percent of the borderline tasks that are drawn; 0: nobody draws lots."""
    chance: int
    """Percent with which a drawn task has an ANALYST."""


class ChangedShape(Shape):
    by: str
    at: datetime


class FleetSettingsShape(Shape):
    limits: LimitsShape
    retries: RetriesShape
    patience: PatienceShape
    cleanup: CleanupShape
    lottery: LotteryShape
    changed: dict[FleetSetting, ChangedShape]
    """Who changed each of them last; what nobody changed is not named."""


class AgentCounts(Shape):
    total: int
    live: int
    by_status: dict[AgentStatus, int]
    by_role: dict[Role, int]
    """Live ones."""


class TaskCounts(Shape):
    running: int
    created_7d: int
    completed_7d: int
    failed_7d: int
    with_analyst_7d: int


class WorkerShape(Shape):
    id: str
    host: str
    pid: int
    pages: bool
    """Whether it serves pages, too."""
    state: WorkerState
    agents: int
    """At work there."""
    max_agents: int
    started_at: datetime
    heard_at: datetime
    """When it last said that it lives."""


class StatusShape(Shape):
    clock: int
    agents: AgentCounts
    tasks: TaskCounts
    today: SpendShape
    default_runtime: Runtime | None
    runtimes: dict[Runtime, str | None]
    """Null if it can run here, else the reason why not."""
    engine_processes: list[WorkerShape]
    """Those that run agents of this store."""
