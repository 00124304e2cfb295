"""Events about channels and what is delivered through them; no secret of an address is ever in one."""

from __future__ import annotations

from typing import Literal

from data.domain.channels import ChannelKind
from data.domain.deliveries import About
from data.domain.event_base import TaskEvent


class ChannelSet(TaskEvent):
    """A channel was made or changed; `task_id` is empty, and the address is kept apart."""

    kind: Literal["channel_set"] = "channel_set"
    channel_id: str
    name: str
    channel_kind: ChannelKind
    shown: str
    """What of the address everybody may see."""
    by: str


class ChannelRemoved(TaskEvent):
    """A channel is gone, and its secret with it; `task_id` is empty."""

    kind: Literal["channel_removed"] = "channel_removed"
    channel_id: str
    by: str


class DeliveryMoved(TaskEvent):
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


DeliveryEvent = ChannelSet | ChannelRemoved | DeliveryMoved
