"""Events about channels, schedules of reports and what is delivered; no secret of an address is ever in one."""

from __future__ import annotations

from typing import Literal

from data.domain.channels import ChannelKind
from data.domain.deliveries import About
from data.domain.event_base import TaskEvent
from data.domain.schedules import Plan


class OutwardEvent(TaskEvent):
    """About how people elsewhere are told; `task_id` is empty."""


class ChannelSet(OutwardEvent):
    """A channel was made or changed; `task_id` is empty, and the address is kept apart."""

    kind: Literal["channel_set"] = "channel_set"
    channel_id: str
    name: str
    channel_kind: ChannelKind
    shown: str
    """What of the address everybody may see."""
    by: str


class ChannelRemoved(OutwardEvent):
    """A channel is gone, and its secret with it; `task_id` is empty."""

    kind: Literal["channel_removed"] = "channel_removed"
    channel_id: str
    by: str


class DeliveryMoved(OutwardEvent):
    """One message to a channel was taken, or not; `task_id` is empty."""

    kind: Literal["delivery_moved"] = "delivery_moved"
    about: About
    subjects: tuple[str, ...]
    """The alerts that stood in it, or the schedule of the report."""
    due_ms: int = 0
    """Of a report: when it was due."""
    channel_id: str
    to: Literal["sent", "failed", "given_up"]
    said: str


class ReportScheduleSet(OutwardEvent):
    """The schedule of a report was made, changed, paused or let go on; `task_id` is empty."""

    kind: Literal["report_schedule_set"] = "report_schedule_set"
    schedule_id: str
    plan: Plan
    enabled: bool
    version: int
    by: str


class ReportScheduleRemoved(OutwardEvent):
    """A schedule is gone; `task_id` is empty."""

    kind: Literal["report_schedule_removed"] = "report_schedule_removed"
    schedule_id: str
    by: str


class ReportDue(OutwardEvent):
    """A report is to be sent, because its time has come or somebody wants it now; `task_id` is empty."""

    kind: Literal["report_due"] = "report_due"
    schedule_id: str
    due_ms: int
    """What time it is the report of; it is about the days before."""
    by: str
    """The clock, or who wants it now."""
    asked: bool = False
    """Whether somebody wants it now; when it is due next stays as it is."""


DeliveryEvent = ChannelSet | ChannelRemoved | DeliveryMoved | ReportScheduleSet | ReportScheduleRemoved | ReportDue
